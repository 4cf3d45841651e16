// @ts-check
/** The panel beside the editor: sample inputs, and what becomes of them in a preview or a test run. */
import { Problem } from '../api.js';
import { preview } from './checks.js';
import { at, iconButton, make } from './elements.js';
import { previewOf } from './preview.js';
import { SampleForm } from './sample-form.js';
import { TestRun } from './test-run.js';

/** @typedef {import('./definition.js').Definition} Definition */

export class Bench {
  /**
   * @param {() => Definition} definition
   * @param {() => string} savedId
   * @param {() => Promise<boolean>} save whether what is run is saved now
   */
  constructor(definition, savedId, save) {
    this.definition = definition;
    this.savedId = savedId;
    this.save = save;
    this.samples = new SampleForm();
    this.trouble = make('p', { class: 'notice bad', role: 'alert' });
    this.outcome = make('div', { class: 'stack' });
    this.run = new TestRun(this.outcome);
    this.place = at('bench');
    this.place.append(
      make('div', { class: 'row apart' }, make('h2', {}, 'Try it'), iconButton('cross', 'Close', () => this.close())),
      this.samples.element, this.buttons(), this.trouble, this.outcome);
    this.openers = [this.opener('show-preview', () => this.preview()), this.opener('show-run', () => this.test())];
  }

  buttons() {
    const look = make('button', { type: 'button', class: 'button' }, 'Preview the prompts');
    const run = make('button', { type: 'button', class: 'button primary' }, 'Save and run');
    look.addEventListener('click', () => this.preview());
    run.addEventListener('click', () => this.test());
    return make('div', { class: 'row' }, look, run);
  }

  /** A button of the page's head: it opens the panel, and does at once what needs no input. @param {string} id @param {() => void} act */
  opener(id, act) {
    const button = at(id);
    button.addEventListener('click', () => {
      this.open();
      const isReady = this.definition().fields.every((one) => !one.required || this.samples.values.get(one.name));
      if (isReady) act();
      const first = this.place.querySelector('.samples :is(input, textarea, select)') ?? this.place.querySelector('.button.primary');
      /** @type {HTMLElement|null} */ (first)?.focus();
    });
    return button;
  }

  open() {
    this.place.hidden = false;
    at('workshop').classList.add('with-bench');
    for (const one of this.openers) one.setAttribute('aria-expanded', 'true');
    this.changed();
    this.place.scrollIntoView({ block: 'nearest' });
  }

  close() {
    this.place.hidden = true;
    at('workshop').classList.remove('with-bench');
    for (const one of this.openers) one.setAttribute('aria-expanded', 'false');
    this.openers[0].focus();
  }

  /** The form follows the fields. */
  changed() {
    if (!this.place.hidden) this.samples.show(this.definition().fields);
  }

  preview() {
    return this.attempt(async (inputs) => {
      this.run.leave();
      this.outcome.replaceChildren(previewOf(await preview(this.definition(), inputs, this.savedId())));
    });
  }

  test() {
    return this.attempt(async (inputs) => {
      if (await this.save()) await this.run.start(this.savedId(), this.definition(), inputs);
    });
  }

  /** @param {(inputs: Record<string, unknown>) => Promise<void>} work */
  async attempt(work) {
    this.trouble.textContent = '';
    this.samples.tell([]);
    try {
      await work(this.samples.inputs(this.definition().fields));
    } catch (error) {
      const left = error instanceof Problem ? this.samples.tell(error.errors) : [];
      const message = error instanceof Error ? error.message : String(error);
      this.trouble.textContent = [message, ...left.map((one) => `${one.path}: ${one.message}`)].join(' ');
    }
  }
}
