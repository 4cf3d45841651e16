// @ts-check
/** Names of a prompt's own for values: which name takes which input or earlier output. */
import { firstFree } from './definition.js';
import { announce, icon, iconButton, make } from './elements.js';
import { labelled, textInput } from './controls.js';
import { before } from './names.js';

/**
 * @typedef {import('./definition.js').Prompt} Prompt
 * @typedef {import('./definition.js').Definition} Definition
 */

export class MappingList {
  /** @param {Prompt} prompt @param {() => Definition} definition @param {() => void} changed */
  constructor(prompt, definition, changed) {
    this.prompt = prompt;
    this.definition = definition;
    this.changed = changed;
    this.entries = Object.entries(prompt.inputMapping ?? {});
    this.list = make('ul', { class: 'choices' });
    const add = make('button', { type: 'button', class: 'button quiet' }, icon('plus'), 'Add a mapping');
    add.addEventListener('click', () => this.add());
    this.element = make('fieldset', { class: 'wide-field field', 'data-path': 'inputMapping' },
      make('legend', {}, 'Input mapping'), make('small', {}, 'Another name for an input or an earlier output, in this prompt alone.'),
      this.list, make('p', { class: 'error' }), make('div', {}, add));
    this.show();
  }

  show() {
    this.list.replaceChildren(...this.entries.map((entry, index) => this.row(entry, index)));
  }

  /** @param {[string, string]} entry @param {number} index */
  row(entry, index) {
    const row = make('li', {},
      textInput({ label: 'Name', path: `inputMapping.${entry[0]}`, mono: true }, entry[0], (value) => {
        entry[0] = value;
        row.querySelector('[data-path]')?.setAttribute('data-path', `inputMapping.${value}`);
        this.put();
      }),
      this.target(entry, index),
      make('div', { class: 'tools' }, iconButton('trash', `Remove the mapping of ${entry[0]}`, () => this.remove(index))));
    return row;
  }

  /** @param {[string, string]} entry @param {number} index */
  target(entry, index) {
    const select = make('select', {});
    const fill = () => {
      const known = this.targets();
      if (!known.some(([value]) => value === entry[1])) known.unshift([entry[1], entry[1] || 'Choose …']);
      select.replaceChildren(...known.map(([value, label]) => make('option', { value, selected: value === entry[1] }, label)));
    };
    fill();
    select.addEventListener('focus', fill);
    select.addEventListener('change', () => { entry[1] = select.value; this.put(); });
    return labelled({ label: 'Takes', path: `mapping-target-${index}` }, select);
  }

  /** @returns {string[][]} value and label */
  targets() {
    const definition = this.definition();
    return [
      ...definition.fields.map((one) => [`input.${one.name}`, `Field: ${one.label || one.name}`]),
      ...before(definition, this.prompt).map((one) => [`prompt_${one.id}.output`, `Output of ${one.name}`]),
    ];
  }

  add() {
    this.entries.push([firstFree('value', this.entries.map(([name]) => name)), this.targets()[0]?.[0] ?? '']);
    this.show();
    this.put();
    this.list.lastElementChild?.querySelector('input')?.focus();
    announce('Mapping added.');
  }

  /** @param {number} index */
  remove(index) {
    this.entries.splice(index, 1);
    this.show();
    this.put();
    /** @type {HTMLElement|null} */ (this.element.querySelector('div > .button'))?.focus();
    announce('Mapping removed.');
  }

  put() {
    this.prompt.inputMapping = Object.fromEntries(this.entries);
    this.changed();
  }
}
