// @ts-check
/** A form of sample inputs, made from the fields as they are being edited; what was filled in stays while they change. */
import { freshId, make } from './elements.js';

/** @typedef {import('./definition.js').Field} Field */

export class SampleForm {
  constructor() {
    this.element = make('div', { class: 'stack tight samples' });
    /** @type {Map<string, unknown>} */
    this.values = new Map();
    this.shape = '';
  }

  /** @param {Field[]} fields */
  show(fields) {
    const shape = JSON.stringify(fields);
    if (shape === this.shape) return;
    this.shape = shape;
    this.element.replaceChildren(...fields.map((field) => this.row(field)));
  }

  /** @param {Field} field */
  row(field) {
    const id = freshId('sample');
    const name = field.label || field.name;
    const error = make('p', { class: 'error' });
    if (field.type === 'multi_select') {
      return make('fieldset', { class: 'field', 'data-sample': field.name }, make('legend', {}, name), this.boxes(field), error);
    }
    const control = this.control(field, id);
    return make('div', { class: 'field', 'data-sample': field.name }, make('label', { for: id, class: field.required && 'needed' }, name), control, error);
  }

  /** @param {Field} field @param {string} id */
  control(field, id) {
    const { choices = [], rows = 3, placeholder, default: beforehand } = field.options ?? {};
    const value = String(this.values.get(field.name) ?? beforehand ?? '');
    if (field.type === 'file_upload') return this.file(field, id);
    /** @type {HTMLInputElement|HTMLTextAreaElement|HTMLSelectElement} */
    let control;
    if (field.type === 'select') {
      control = make('select', { id }, make('option', { value: '' }, '—'), ...choices.map((one) => make('option', { value: one.value }, one.label || one.value)));
    } else if (field.type === 'long_text') control = make('textarea', { id, rows, placeholder });
    else control = make('input', { id, type: 'text', placeholder, autocomplete: 'off' });
    control.value = value;
    if (value) this.values.set(field.name, value);
    control.addEventListener('input', () => this.values.set(field.name, control.value));
    return control;
  }

  /** @param {Field} field */
  boxes(field) {
    const chosen = new Set(/** @type {string[]} */ (this.values.get(field.name) ?? []));
    return make('div', {}, ...(field.options?.choices ?? []).map((one) => {
      const box = make('input', { type: 'checkbox' });
      box.checked = chosen.has(one.value);
      box.addEventListener('change', () => {
        if (box.checked) chosen.add(one.value);
        else chosen.delete(one.value);
        this.values.set(field.name, [...chosen]);
      });
      return make('label', { class: 'choice' }, box, one.label || one.value);
    }));
  }

  /** @param {Field} field @param {string} id */
  file(field, id) {
    const { accept, multiple } = field.options ?? {};
    const input = make('input', { id, type: 'file', accept, multiple });
    input.addEventListener('change', async () => {
      const files = await Promise.all([...input.files ?? []].map(async (one) => ({ name: one.name, content: await one.text() })));
      this.values.set(field.name, multiple ? files : files[0]);
    });
    return input;
  }

  /** What was filled in, of the fields there are. @param {Field[]} fields */
  inputs(fields) {
    const filled = fields.map((field) => /** @type {const} */ ([field.name, this.values.get(field.name)]));
    return Object.fromEntries(filled.filter(([, value]) => value !== undefined && value !== ''));
  }

  /** @param {{path: string, message: string}[]} errors @returns {{path: string, message: string}[]} those of no field */
  tell(errors) {
    for (const spot of this.element.querySelectorAll('.error')) spot.textContent = '';
    return errors.filter(({ path, message }) => {
      const name = /^inputs\.([^.[]+)/.exec(path)?.[1];
      const row = [...this.element.children].find((one) => one.getAttribute('data-sample') === name);
      const spot = row?.querySelector('.error');
      if (spot) spot.textContent = `${spot.textContent} ${message}`.trim();
      return !spot;
    });
  }
}
