// @ts-check
/** One field of the form: its name and type, and the options of that type. */
import { ChoiceList } from './choice-list.js';
import { checkbox, numberInput, selection, textInput } from './controls.js';
import { FIELD_TYPES, fieldName, firstFree, OPTIONS_OF } from './definition.js';
import { freshId, icon, make } from './elements.js';

/**
 * @typedef {import('./definition.js').Field} Field
 * @typedef {import('./definition.js').Options} Options
 * @typedef {import('./workshop.js').Workshop} Workshop
 */

export class FieldCard {
  /** @param {Workshop} workshop @param {Field} field */
  constructor(workshop, field) {
    this.workshop = workshop;
    this.field = field;
    this.values = field.options ??= {};
    /** @type {HTMLElement|null} */
    this.handle = null;
    const id = freshId('field');
    this.toggle = make('button', { type: 'button', class: 'summary', 'aria-expanded': 'false', 'aria-controls': id });
    this.toggle.addEventListener('click', () => this.open(this.toggle.getAttribute('aria-expanded') !== 'true'));
    this.head = make('div', { class: 'item-head' }, this.toggle);
    this.options = make('div', { class: 'fields-grid wide-field' });
    this.body = make('div', { class: 'item-body fields-grid', id, hidden: true });
    this.element = make('li', { class: 'item' }, this.head, this.body);
    const label = textInput({ label: 'Label', path: 'label', hint: 'What people see', maxlength: 200 }, field.label ?? '', (value) => this.relabel(value));
    const name = textInput({ label: 'Name', path: 'name', hint: 'What prompts say: a-z, 0-9 and _', mono: true, needed: true }, field.name,
      (value) => { field.name = value; this.changed(); });
    this.label = /** @type {HTMLInputElement} */ (label.querySelector('input'));
    this.name = /** @type {HTMLInputElement} */ (name.querySelector('input'));
    this.body.append(label, name, this.type(), this.required(), this.options);
    this.showOptions();
    this.summarize();
  }

  /** @param {boolean} isOpen */
  open(isOpen) {
    this.body.hidden = !isOpen;
    this.toggle.setAttribute('aria-expanded', String(isOpen));
  }

  type() {
    return selection({ label: 'Type', path: 'type' }, FIELD_TYPES, this.field.type, (value) => {
      this.field.type = value;
      this.showOptions();
      this.changed();
    });
  }

  required() {
    return checkbox({ label: 'Must be filled in', path: 'required' }, Boolean(this.field.required), (value) => {
      this.field.required = value;
      this.changed();
    });
  }

  /** As long as nobody has chosen a name, it follows the label. @param {string} value */
  relabel(value) {
    const { field } = this;
    const others = this.workshop.definition.fields.filter((one) => one !== field).map((one) => one.name);
    const isOurs = field.name === '' || /^field(_\d+)?$/.test(field.name) || field.name === firstFree(fieldName(field.label ?? ''), others);
    field.label = value;
    if (isOurs && !this.workshop.isUsed(field.name)) {
      field.name = firstFree(fieldName(value) || 'field', others);
      this.name.value = field.name;
    }
    this.changed();
  }

  showOptions() {
    this.options.replaceChildren(...(OPTIONS_OF[this.field.type] ?? []).map((name) => this.option(name)));
  }

  /** @param {keyof Options} name */
  option(name) {
    const options = /** @type {Record<string, any>} */ (this.values);
    const path = `options.${name}`;
    /** @param {any} value */
    const take = (value) => { options[name] = value; this.changed(); };
    switch (name) {
      case 'placeholder': return textInput({ label: 'Placeholder', path, hint: 'An example, shown while it is empty' }, options[name] ?? '', take);
      case 'default': return textInput({ label: 'Filled in beforehand', path }, options[name] ?? '', take);
      case 'maxLength': return numberInput({ label: 'Characters at most', path, min: 1 }, options[name], take);
      case 'rows': return numberInput({ label: 'Lines shown', path, min: 1, max: 50 }, options[name], take);
      case 'minSelections': return numberInput({ label: 'Choices at least', path, min: 0 }, options[name], take);
      case 'maxSelections': return numberInput({ label: 'Choices at most', path, min: 1 }, options[name], take);
      case 'accept': return textInput({ label: 'Kinds of file', path, hint: 'Such as .txt,.md,text/*', mono: true }, options[name] ?? '', take);
      case 'maxSize': return numberInput({ label: 'Bytes at most', path, min: 1 }, options[name], take);
      case 'multiple': return checkbox({ label: 'Several files', path }, Boolean(options[name]), take);
      default: return new ChoiceList(this.field, () => this.changed()).element;
    }
  }

  changed() {
    this.summarize();
    this.workshop.changed();
  }

  summarize() {
    const { field } = this;
    const type = FIELD_TYPES.find(([value]) => value === field.type)?.[1] ?? field.type;
    this.toggle.replaceChildren(icon('chevron-right'),
      make('span', {}, make('span', { class: 'item-name' }, field.label || field.name || 'Unnamed'), make('code', {}, field.name),
        make('span', { class: 'muted small' }, field.required ? type : `${type}, optional`)));
  }
}
