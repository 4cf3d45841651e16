// @ts-check
/** The fields of the form: a list that is put in order, each field open to its options. */
import { newField, firstFree } from './definition.js';
import { announce, icon, iconButton, make } from './elements.js';
import { draggable, keepingFocus } from './drag.js';
import { FieldCard } from './field-card.js';
import { moved } from './order.js';

/**
 * @typedef {import('./definition.js').Field} Field
 * @typedef {import('./workshop.js').Workshop} Workshop
 */

const MOST = 50;

export class FormSection {
  /** @param {Workshop} workshop */
  constructor(workshop) {
    this.workshop = workshop;
    /** @type {Map<Field, FieldCard>} */
    this.cards = new Map();
    this.list = make('ol', { class: 'items' });
    this.none = make('p', { class: 'muted small' }, 'No fields: people only press Run.');
    this.adding = make('button', { type: 'button', class: 'button' }, icon('plus'), 'Add a field');
    this.adding.addEventListener('click', () => this.add(newField(this.workshop.definition)));
    this.element = make('section', { class: 'card', 'aria-labelledby': 'form-title' },
      make('div', { class: 'row apart' }, make('h2', { id: 'form-title' }, 'Form'), this.adding),
      make('p', { class: 'muted small' }, 'What people fill in. Prompts use a field by its name.'), this.none, this.list);
    this.show();
  }

  get fields() {
    return this.workshop.definition.fields;
  }

  show() {
    keepingFocus(() => this.list.replaceChildren(...this.fields.map((field) => this.card(field).element)));
    this.none.hidden = this.fields.length > 0;
    this.adding.disabled = this.fields.length >= MOST;
  }

  /** @param {Field} field */
  card(field) {
    let card = this.cards.get(field);
    if (!card) {
      card = new FieldCard(this.workshop, field);
      this.tools(card);
      this.cards.set(field, card);
    }
    return card;
  }

  /** @param {FieldCard} card */
  tools(card) {
    const { field } = card;
    card.handle = make('span', { class: 'grip', 'aria-hidden': 'true' }, icon('drag'));
    card.head.prepend(card.handle);
    card.head.append(make('div', { class: 'tools' },
      iconButton('up', 'Move up', () => this.move(field, -1)),
      iconButton('down', 'Move down', () => this.move(field, 1)),
      iconButton('copy', 'Duplicate', () => this.duplicate(field)),
      iconButton('trash', 'Remove', () => this.remove(field))));
    card.element.addEventListener('keydown', (event) => {
      const by = event.altKey ? { ArrowUp: -1, ArrowDown: 1 }[event.key] : undefined;
      if (!by) return;
      event.preventDefault();
      this.move(field, by);
    });
    draggable(card.handle, {
      item: card.element,
      over: (_, y) => this.gapAt(y),
      mark: (gap) => this.mark(gap),
      drop: (gap) => this.drop(field, gap),
    });
  }

  /** Before which item a pointer is: the number of those whose middle is above it. @param {number} y */
  gapAt(y) {
    const others = [...this.list.children].filter((one) => !one.classList.contains('dragged'));
    return others.filter((one) => {
      const { top, height } = one.getBoundingClientRect();
      return y > top + height / 2;
    }).length;
  }

  /** @param {number|null} gap */
  mark(gap) {
    const others = [...this.list.children].filter((one) => !one.classList.contains('dragged'));
    others.forEach((one, index) => {
      one.classList.toggle('drop-before', index === gap);
      one.classList.toggle('drop-after', gap === others.length && index === others.length - 1);
    });
  }

  /** @param {Field} field @param {number} to */
  drop(field, to) {
    this.workshop.definition.fields = moved(this.fields, this.fields.indexOf(field), to);
    this.changed(`${nameOf(field)} is now field ${this.fields.indexOf(field) + 1} of ${this.fields.length}.`);
  }

  /** @param {Field} field @param {number} by */
  move(field, by) {
    const to = this.fields.indexOf(field) + by;
    if (to < 0 || to >= this.fields.length) announce(`${nameOf(field)} is ${by < 0 ? 'first' : 'last'} already.`);
    else this.drop(field, to);
  }

  /** @param {Field} field */
  add(field, at = this.fields.length) {
    this.workshop.definition.fields = [...this.fields.slice(0, at), field, ...this.fields.slice(at)];
    this.changed(`Field ${at + 1} added.`);
    const card = this.card(field);
    card.open(true);
    card.label.focus();
  }

  /** @param {Field} field */
  duplicate(field) {
    const copy = structuredClone(field);
    copy.name = firstFree(field.name || 'field', this.fields.map((one) => one.name));
    this.add(copy, this.fields.indexOf(field) + 1);
  }

  /** @param {Field} field */
  remove(field) {
    const at = this.fields.indexOf(field);
    this.workshop.definition.fields = this.fields.filter((one) => one !== field);
    this.cards.delete(field);
    this.changed(`${nameOf(field)} removed.`);
    const next = this.fields[Math.min(at, this.fields.length - 1)];
    (next ? this.card(next).toggle : this.adding).focus();
  }

  /** @param {string} words */
  changed(words) {
    this.show();
    this.workshop.changed();
    announce(words);
  }
}

/** @param {Field} field */
const nameOf = (field) => field.label || field.name || 'The field';
