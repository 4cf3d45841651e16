// @ts-check
/** An assistant's form: counters, problems at their fields, and one start however often it is sent. */
import { Problem } from '../api.js';
import { characters, fieldsOf, problemOf, read } from './inputs.js';
import { said, say, within } from './page.js';

/** @typedef {(inputs: Record<string, unknown>, key: string) => Promise<{id: string}>} Start */

export class AssistantForm {
  /** @param {HTMLFormElement} form @param {Start} start */
  constructor(form, start) {
    this.form = form;
    this.start = start;
    /** The same for the same inputs: pressed twice, or sent again after a lost answer, it is one run. */
    this.key = '';
    this.keyFor = '';
    this.sending = false;
    form.addEventListener('submit', (event) => { event.preventDefault(); this._submit(); });
    form.addEventListener('input', (event) => this._edited(event.target));
    form.addEventListener('change', (event) => this._afterThePress(() => this._left(event.target)));
    this.pressed = false;
    window.addEventListener('pointerdown', () => { this.pressed = true; }, true);
    for (const over of ['pointerup', 'pointercancel']) window.addEventListener(over, () => { this.pressed = false; }, true);
    for (const field of fieldsOf(form)) this._count(field);
    // Who comes back to the page wants another run.
    window.addEventListener('pageshow', () => { this.key = ''; this._busy(false); });
  }

  async _submit() {
    if (this.sending) return;
    this._problem('');
    if (this._check()) return this._focusFirst();
    this._busy(true);
    try {
      const inputs = await read(this.form);
      const { id } = await this.start(inputs, this._keyOf(inputs));
      location.assign(`/runs/${encodeURIComponent(id)}`);
    } catch (error) {
      this._busy(false);
      this._refused(error);
    }
  }

  /** @param {Record<string, unknown>} inputs */
  _keyOf(inputs) {
    const now = JSON.stringify([this.form.dataset.from, inputs]);
    if (!this.key || now !== this.keyFor) this.key = crypto.randomUUID();
    this.keyFor = now;
    return this.key;
  }

  /** Says whether anything is wrong. */
  _check() {
    const problems = fieldsOf(this.form).map((field) => this._show(field, problemOf(field)));
    return problems.some(Boolean);
  }

  /** @param {unknown} error */
  _refused(error) {
    if (!(error instanceof Problem)) return this._problem('The server cannot be reached. Nothing was started; try again.');
    const fields = new Map(fieldsOf(this.form).map((field) => [field.dataset.field, field]));
    const others = error.errors.filter(({ path, message }) => {
      const field = fields.get(/^inputs\.([^.[]+)/.exec(path)?.[1]);
      if (field) this._show(field, message);
      return !field;
    });
    if (!error.errors.length || others.length) this._problem([said(error), ...others.map((one) => one.message)].join(' '));
    this._focusFirst();
  }

  /** @param {HTMLElement} field @param {string} problem */
  _show(field, problem) {
    say(within(field, '.error'), problem);
    for (const control of field.querySelectorAll('[name]')) {
      if (problem) control.setAttribute('aria-invalid', 'true');
      else control.removeAttribute('aria-invalid');
    }
    return problem;
  }

  /** What was wrong is looked at again with every key. @param {EventTarget|null} target */
  _edited(target) {
    const field = target instanceof Element ? target.closest('[data-field]') : null;
    if (!(field instanceof HTMLElement)) return;
    this._count(field);
    if (within(field, '.error').textContent) this._show(field, problemOf(field));
  }

  /**
   * A press that leaves a field must reach what it was meant for: a message that appears under it would move that away.
   * @param {() => void} work
   */
  _afterThePress(work) {
    if (!this.pressed) return work();
    window.addEventListener('pointerup', () => setTimeout(work), { once: true });
  }

  /** @param {EventTarget|null} target */
  _left(target) {
    const field = target instanceof Element ? target.closest('[data-field]') : null;
    if (field instanceof HTMLElement) this._show(field, problemOf(field));
  }

  /** @param {HTMLElement} field */
  _count(field) {
    const counter = field.querySelector('[data-counter]');
    const control = field.querySelector('[name]');
    if (!counter || !(control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement)) return;
    say(counter, `${characters(control.value)} / ${field.dataset.max}`);
  }

  /** @param {string} text */
  _problem(text) {
    say(within(this.form, '[data-problem]'), text);
  }

  /** @param {boolean} busy */
  _busy(busy) {
    this.sending = busy;
    /** @type {HTMLButtonElement} */ (within(this.form, '[data-run]')).disabled = busy;
  }

  _focusFirst() {
    /** @type {HTMLElement|null} */ (this.form.querySelector('[aria-invalid]'))?.focus();
  }
}
