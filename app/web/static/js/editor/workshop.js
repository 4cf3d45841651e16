// @ts-check
/** The definition that is being worked on, and the sections that show it. */
import { AboutSection } from './about-section.js';
import { ChainSection } from './chain-section.js';
import { cleaned } from './definition.js';
import { FormSection } from './form-section.js';
import { clearProblems, showProblems, split } from './problems.js';
import { SettingsSection } from './settings-section.js';
import { tokens } from './tokens.js';

/**
 * @typedef {import('./definition.js').Definition} Definition
 * @typedef {import('./checks.js').Trouble} Trouble
 */

export class Workshop {
  /**
   * @param {HTMLElement} place
   * @param {Definition} definition it is changed in place from now on
   * @param {string} model for the first prompt
   * @param {() => void} changed
   */
  constructor(place, definition, model, changed) {
    this.place = place;
    this.definition = definition;
    this.model = model;
    this.tell = changed;
    this.drawing = 0;
    this.about = new AboutSection(this);
    this.form = new FormSection(this);
    this.chain = new ChainSection(this);
    this.settings = new SettingsSection(this);
    place.replaceChildren(this.about.element, this.form.element, this.chain.element, this.settings.element);
  }

  /** As it would be sent: for telling whether something changed. */
  text() {
    return JSON.stringify(cleaned(this.definition));
  }

  /** Something did; what a name means may be another now. */
  changed() {
    this.tell();
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.chain.draw());
  }

  /** Whether a prompt uses the name. @param {string} name */
  isUsed(name) {
    return this.definition.prompts.some((prompt) => [prompt.content, prompt.system ?? '']
      .some((text) => tokens(text).some((one) => one.kind === 'name' && one.text === name)));
  }

  /** @param {Trouble[]} troubles @returns {Trouble[]} those that belong to none of the parts */
  show(troubles) {
    clearProblems(this.place);
    const placed = troubles.map((one) => ({ ...one, ...split(one.path) }));
    /** @param {string} list @param {number} index */
    const of = (list, index) => placed.filter((one) => one.list === list && one.index === index).map((one) => ({ ...one, path: one.rest }));
    const left = this.definition.fields.flatMap((field, index) => {
      const card = this.form.card(field);
      const own = of('fields', index);
      card.element.classList.toggle('troubled', own.some((one) => one.severity !== 'warning'));
      return showProblems({ root: card.element }, own);
    });
    this.definition.prompts.forEach((prompt, index) => {
      const { panel } = this.chain.card(prompt);
      const own = of('prompts', index);
      panel.problems = own.length;
      left.push(...showProblems({ root: panel.element, templates: { content: panel.content, system: panel.system } }, own));
      this.chain.summarize(prompt);
    });
    const whole = of('', -1);
    const first = showProblems({ root: this.about.element }, whole.filter((one) => /^(name|description)$/.test(one.path)));
    const rest = showProblems({ root: this.settings.element }, whole.filter((one) => /^(onError|onDisconnect|timeoutSeconds)/.test(one.path)));
    const lost = placed.filter((one) => (one.list && (one.index < 0 || !this.part(one.list, one.index)))
      || (!one.list && !/^(name|description|onError|onDisconnect|timeoutSeconds)/.test(one.path)));
    return [...left, ...first, ...rest, ...lost];
  }

  /** @param {string} list @param {number} index */
  part(list, index) {
    return list === 'fields' ? this.definition.fields[index] : this.definition.prompts[index];
  }

  /** Opens and focuses the first thing that is wrong. */
  goToFirstProblem() {
    const wrong = this.place.querySelector('[aria-invalid="true"]');
    if (!(wrong instanceof HTMLElement)) return;
    for (const field of this.definition.fields) if (this.form.card(field).element.contains(wrong)) this.form.card(field).open(true);
    for (const prompt of this.definition.prompts) if (this.chain.card(prompt).panel.element.contains(wrong)) this.chain.choose(prompt);
    const folded = wrong.closest('details');
    if (folded) folded.open = true;
    wrong.focus();
  }
}
