// @ts-check
/** Labelled controls bound to one value each, with a place for what is wrong with it. */
import { freshId, make } from './elements.js';

/**
 * @typedef {{label: string, path: string, hint?: string, needed?: boolean, wide?: boolean}} Wording `path`: where
 *   problems of this value are told, relative to its card
 */

/**
 * @param {Wording} wording @param {HTMLElement} control
 */
export function labelled({ label, path, hint, needed, wide }, control) {
  const id = control.id || freshId('value');
  control.id = id;
  control.setAttribute('aria-describedby', [hint ? `${id}-hint` : '', `${id}-error`].filter(Boolean).join(' '));
  return make('div', { class: wide ? 'field wide-field' : 'field', 'data-path': path },
    make('label', { for: id, class: needed && 'needed' }, label), control,
    hint ? make('small', { id: `${id}-hint` }, hint) : null,
    make('p', { class: 'error', id: `${id}-error` }));
}

/** @param {Wording & Record<string, any>} wording @param {string} value @param {(value: string) => void} take */
export function textInput({ placeholder, maxlength, list, mono, autofocus, ...wording }, value, take) {
  const input = make('input', { type: 'text', placeholder, maxlength, list, class: mono && 'mono', autocomplete: 'off', spellcheck: mono ? 'false' : undefined });
  input.value = value;
  input.addEventListener('input', () => take(input.value));
  return labelled(/** @type {Wording} */ (wording), input);
}

/** @param {Wording} wording @param {string} value @param {(value: string) => void} take */
export function textArea(wording, value, take) {
  const area = make('textarea', { rows: 2 });
  area.value = value;
  area.addEventListener('input', () => take(area.value));
  return labelled(wording, area);
}

/**
 * @param {Wording & {min?: number, max?: number, step?: number|'any', placeholder?: string}} wording
 * @param {number|undefined} value @param {(value: number|undefined) => void} take
 */
export function numberInput({ min, max, step = 1, placeholder, ...wording }, value, take) {
  const input = make('input', { type: 'number', min, max, step, placeholder, inputmode: 'decimal' });
  input.value = value === undefined || value === null ? '' : String(value);
  input.addEventListener('input', () => take(input.value === '' ? undefined : Number(input.value)));
  return labelled(wording, input);
}

/** @param {Wording} wording @param {string[][]} choices value and label @param {string} value @param {(value: string) => void} take */
export function selection(wording, choices, value, take) {
  const select = make('select', {}, ...choices.map(([one, label]) => make('option', { value: one, selected: one === value }, label)));
  select.addEventListener('change', () => take(select.value));
  return labelled(wording, select);
}

/** @param {Wording} wording @param {boolean} value @param {(value: boolean) => void} take */
export function checkbox({ label, path, hint }, value, take) {
  const input = make('input', { type: 'checkbox' });
  input.checked = value;
  input.addEventListener('change', () => take(input.checked));
  return make('div', { class: 'field', 'data-path': path }, make('label', { class: 'choice' }, input, label),
    hint ? make('small', {}, hint) : null, make('p', { class: 'error' }));
}
