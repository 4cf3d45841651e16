// @ts-check
/** A list of the names that fit what is being typed: arrows choose, Enter or Tab takes, Escape leaves. */
import { announce, freshId, make } from './elements.js';
import { typedName } from './tokens.js';

/** @typedef {import('./names.js').KnownName} KnownName */

const MOST = 50;
const WIDTH = 288;

/** The names that fit, those that begin so before those that hold it. @param {KnownName[]} names @param {string} typed */
export function fitting(names, typed) {
  const text = typed.toLowerCase();
  const begins = names.filter((one) => one.name.toLowerCase().startsWith(text));
  const holds = names.filter((one) => !begins.includes(one) && one.name.toLowerCase().includes(text));
  return [...begins, ...holds].slice(0, MOST);
}

export class Completion {
  /** @param {import('./template-field.js').TemplateField} field */
  constructor(field) {
    this.field = field;
    this.id = freshId('names');
    this.list = make('ul', { class: 'completion', id: this.id, role: 'listbox', 'aria-label': 'Names', hidden: true });
    /** @type {KnownName[]} */
    this.found = [];
    this.at = 0;
    const { area } = field;
    field.box.append(this.list);
    area.setAttribute('aria-controls', this.id);
    area.addEventListener('input', () => this.look());
    area.addEventListener('keydown', (event) => this.key(event));
    area.addEventListener('blur', () => this.close());
    area.addEventListener('click', () => this.close());
    this.list.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      const option = event.target instanceof Element ? event.target.closest('li') : null;
      if (option) this.take([...this.list.children].indexOf(option));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  look() {
    const { area } = this.field;
    const typing = area.selectionStart === area.selectionEnd ? typedName(area.value, area.selectionStart) : null;
    if (!typing) return this.close();
    this.found = fitting(this.field.names(), typing.typed);
    const isDone = this.found.length === 1 && this.found[0].name === typing.typed;
    return this.found.length && !isDone ? this.open(typing.start) : this.close();
  }

  /** @param {number} start */
  open(start) {
    const wasOpen = this.isOpen;
    this.list.replaceChildren(...this.found.map((one, index) => make('li', { role: 'option', id: `${this.id}-${index}` },
      make('span', { class: 'mono' }, one.name), make('span', { class: 'muted small' }, one.from))));
    this.list.hidden = false;
    const { left, top } = this.field.spot(start);
    const room = this.field.box.clientWidth - WIDTH;
    this.list.style.left = `${Math.max(0, Math.min(left, room))}px`;
    this.list.style.top = `${top + 4}px`;
    this.choose(0);
    if (!wasOpen) announce(`${this.found.length} names. Arrow keys choose, Enter takes.`);
  }

  close() {
    this.list.hidden = true;
    this.field.area.removeAttribute('aria-activedescendant');
  }

  /** @param {number} index */
  choose(index) {
    this.at = (index + this.found.length) % this.found.length;
    [...this.list.children].forEach((option, number) => option.setAttribute('aria-selected', String(number === this.at)));
    this.list.children[this.at]?.scrollIntoView({ block: 'nearest' });
    this.field.area.setAttribute('aria-activedescendant', `${this.id}-${this.at}`);
  }

  /** @param {number} index */
  take(index) {
    const { area } = this.field;
    const typing = typedName(area.value, area.selectionStart);
    const chosen = this.found[index];
    this.close();
    if (!typing || !chosen) return;
    this.field.type(typing.start, area.selectionStart, chosen.name + typing.close);
    this.close();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.isOpen) {
      if (event.key === ' ' && event.ctrlKey) {
        event.preventDefault();
        this.look();
      }
      return;
    }
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowDown: () => this.choose(this.at + 1), ArrowUp: () => this.choose(this.at - 1),
      Enter: () => this.take(this.at), Tab: () => this.take(this.at), Escape: () => this.close(),
    };
    const act = event.shiftKey ? undefined : acts[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}
