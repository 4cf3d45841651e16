// @ts-check
/** The choices of a field: value and label, added, removed and put in order. */
import { textInput } from './controls.js';
import { firstFree } from './definition.js';
import { announce, icon, iconButton, make } from './elements.js';
import { moved } from './order.js';

/**
 * @typedef {import('./definition.js').Field} Field
 * @typedef {import('./definition.js').Choice} Choice
 */

export class ChoiceList {
  /** @param {Field} field @param {() => void} changed */
  constructor(field, changed) {
    this.options = field.options ??= {};
    this.options.choices ??= [];
    this.changed = changed;
    this.list = make('ol', { class: 'choices' });
    const add = make('button', { type: 'button', class: 'button quiet' }, icon('plus'), 'Add a choice');
    add.addEventListener('click', () => this.add());
    this.element = make('fieldset', { class: 'wide-field field', 'data-path': 'options.choices' },
      make('legend', {}, 'Choices'), this.list, make('p', { class: 'error' }), make('div', {}, add));
    this.show();
  }

  /** @returns {Choice[]} */
  get choices() {
    return this.options.choices ?? [];
  }

  show() {
    this.list.replaceChildren(...this.choices.map((choice, index) => this.row(choice, index)));
  }

  /** @param {Choice} choice @param {number} index */
  row(choice, index) {
    const path = `options.choices[${index}]`;
    return make('li', {},
      textInput({ label: `Choice ${index + 1}: label`, path: `${path}.label` }, choice.label ?? '', (value) => { choice.label = value; this.changed(); }),
      textInput({ label: 'Value', path: `${path}.value`, mono: true }, choice.value, (value) => { choice.value = value; this.changed(); }),
      make('div', { class: 'tools' },
        iconButton('up', `Move choice ${index + 1} up`, () => this.move(index, -1)),
        iconButton('trash', `Remove choice ${index + 1}`, () => this.remove(index))));
  }

  add() {
    const value = firstFree('choice', this.choices.map((one) => one.value));
    this.put([...this.choices, { value, label: '' }], 'Choice added.');
    this.list.lastElementChild?.querySelector('input')?.focus();
  }

  /** @param {number} index @param {number} by */
  move(index, by) {
    if (index + by < 0) return;
    this.put(moved(this.choices, index, index + by), `Choice ${index + 1} moved to ${index + by + 1}.`);
    /** @type {HTMLElement|null|undefined} */ (this.list.children[index + by]?.querySelector('.tools button'))?.focus();
  }

  /** @param {number} index */
  remove(index) {
    this.put(this.choices.filter((_, one) => one !== index), `Choice ${index + 1} removed.`);
    /** @type {HTMLElement|null} */ (this.element.querySelector('li:last-child input, div > .button'))?.focus();
  }

  /** @param {Choice[]} choices @param {string} words */
  put(choices, words) {
    this.options.choices = choices;
    this.show();
    this.changed();
    announce(words);
  }
}
