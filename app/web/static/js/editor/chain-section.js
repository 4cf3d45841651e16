// @ts-check
/** The prompts, drawn as the chain they are: steps from top to bottom, side by side what runs together. */
import { firstFree, newPrompt } from './definition.js';
import { announce, icon, make } from './elements.js';
import { draggable, keepingFocus } from './drag.js';
import { aside, dropped, earlier, later, steps, whereabouts } from './order.js';
import { PromptPanel } from './prompt-panel.js';

/**
 * @typedef {import('./definition.js').Prompt} Prompt
 * @typedef {import('./workshop.js').Workshop} Workshop
 * @typedef {{step: number, index?: number}} Place
 */

const MOST = 20;

export class ChainSection {
  /** @param {Workshop} workshop */
  constructor(workshop) {
    this.workshop = workshop;
    /** @type {Map<Prompt, {node: HTMLLIElement, button: HTMLButtonElement, panel: PromptPanel}>} */
    this.cards = new Map();
    /** @type {Prompt|null} */
    this.chosen = this.prompts[0] ?? null;
    this.map = make('ol', { class: 'chain' });
    this.panels = make('div', {});
    this.adding = make('button', { type: 'button', class: 'button' }, icon('plus'), 'Add a prompt');
    this.adding.addEventListener('click', () => this.add(newPrompt(this.workshop.definition, this.workshop.model)));
    this.element = make('section', { class: 'card', 'aria-labelledby': 'chain-title' },
      make('div', { class: 'row apart' }, make('h2', { id: 'chain-title' }, 'Chain'), this.adding),
      make('p', { class: 'muted small' }, 'Steps run one after another; prompts side by side run together. Drag, or Alt with the arrow keys.'),
      this.map, this.panels);
    this.show();
  }

  get prompts() {
    return this.workshop.definition.prompts;
  }

  show() {
    const chain = steps(this.prompts);
    keepingFocus(() => {
      this.map.replaceChildren(...chain.map((step, number) => make('li', { class: 'step' },
        make('span', { class: 'step-name small muted' }, `Step ${number + 1}`),
        make('ul', { class: 'beside', 'aria-label': `Step ${number + 1}` }, ...step.map((prompt) => this.card(prompt).node)))));
      if (this.prompts.length !== this.panels.children.length || !this.prompts.every((one) => this.card(one).panel.element.isConnected)) {
        this.panels.replaceChildren(...this.prompts.map((one) => this.card(one).panel.element));
      }
    });
    this.adding.disabled = this.prompts.length >= MOST;
    for (const prompt of this.prompts) this.summarize(prompt);
  }

  /** @param {Prompt} prompt */
  card(prompt) {
    let card = this.cards.get(prompt);
    if (!card) {
      const panel = new PromptPanel(this.workshop, prompt, {
        changed: () => this.summarize(prompt),
        earlier: () => this.move(prompt, earlier(this.prompts, prompt)),
        later: () => this.move(prompt, later(this.prompts, prompt)),
        duplicate: () => this.duplicate(prompt),
        remove: () => this.remove(prompt),
      });
      const button = make('button', { type: 'button', class: 'node', 'aria-controls': panel.id });
      button.addEventListener('click', () => this.choose(prompt));
      button.addEventListener('keydown', (event) => this.key(event, prompt));
      const grip = make('span', { class: 'grip', 'aria-hidden': 'true' }, icon('drag'));
      const node = make('li', {}, grip, button);
      draggable(grip, {
        item: node, over: (x, y) => this.placeAt(x, y), mark: (place) => this.mark(place),
        drop: (place) => this.move(prompt, dropped(this.prompts, prompt, place)),
      });
      card = { node, button, panel };
      this.cards.set(prompt, card);
    }
    return card;
  }

  /** @param {Prompt} prompt */
  choose(prompt) {
    this.chosen = prompt;
    for (const one of this.prompts) this.summarize(one);
    this.draw();
  }

  /** The prompt that is seen, in the colours of what is known to it now. */
  draw() {
    if (this.chosen) this.card(this.chosen).panel.draw();
  }

  /** @param {Prompt} prompt */
  summarize(prompt) {
    const { button, panel } = this.card(prompt);
    const isChosen = prompt === this.chosen;
    panel.element.hidden = !isChosen;
    panel.place(whereabouts(this.prompts, prompt));
    button.setAttribute('aria-expanded', String(isChosen));
    const count = panel.problems;
    button.replaceChildren(
      make('span', { class: 'node-name' }, prompt.name || 'Unnamed'),
      make('span', { class: 'node-model muted small' }, prompt.model || 'no model'),
      ...(count ? [make('span', { class: 'node-count', title: 'Problems' }, `${count}`, make('span', { class: 'unseen' }, count === 1 ? ' problem' : ' problems'))] : []));
  }

  /** @param {KeyboardEvent} event @param {Prompt} prompt */
  key(event, prompt) {
    if (!event.altKey) return;
    /** @type {Record<string, () => Prompt[]>} */
    const moves = {
      ArrowUp: () => earlier(this.prompts, prompt), ArrowDown: () => later(this.prompts, prompt),
      ArrowLeft: () => aside(this.prompts, prompt, -1), ArrowRight: () => aside(this.prompts, prompt, 1),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.move(prompt, move());
  }

  /** @param {Prompt} prompt @param {Prompt[]} prompts in their new order */
  move(prompt, prompts) {
    this.workshop.definition.prompts = prompts;
    this.changed(`${prompt.name} is now ${whereabouts(prompts, prompt)}.`);
  }

  /** Beside the prompts of a step, or between two steps: near its upper or lower edge. @param {number} x @param {number} y @returns {Place|null} */
  placeAt(x, y) {
    const rows = [...this.map.children];
    const area = this.map.getBoundingClientRect();
    if (x < area.left - 40 || x > area.right + 40) return null;
    for (const [step, row] of rows.entries()) {
      const { top, bottom } = /** @type {Element} */ (row.querySelector('.beside')).getBoundingClientRect();
      if (y < top + 6) return { step };
      if (y <= bottom - 6) return { step, index: indexAt(row, x) };
    }
    return { step: rows.length };
  }

  /** @param {Place|null} place */
  mark(place) {
    const rows = [...this.map.children];
    rows.forEach((row, step) => {
      const isGap = place !== null && place.index === undefined;
      row.classList.toggle('drop-before', isGap && place.step === step);
      row.classList.toggle('drop-after', isGap && place.step === rows.length && step === rows.length - 1);
      row.classList.toggle('drop-into', place !== null && place.index !== undefined && place.step === step);
    });
  }

  /** @param {Prompt} prompt */
  add(prompt) {
    this.workshop.definition.prompts = [...this.prompts, prompt];
    this.chosen = prompt;
    this.changed(`${prompt.name} added as the last step.`);
    this.card(prompt).panel.focus();
  }

  /** @param {Prompt} prompt */
  duplicate(prompt) {
    const copy = structuredClone(prompt);
    copy.id = firstFree(prompt.id, this.prompts.map((one) => one.id), '-');
    copy.name = firstFree(prompt.name, this.prompts.map((one) => one.name), ' ');
    this.add(copy);
  }

  /** @param {Prompt} prompt */
  remove(prompt) {
    const at = this.prompts.indexOf(prompt);
    this.workshop.definition.prompts = this.prompts.filter((one) => one !== prompt);
    this.cards.delete(prompt);
    this.chosen = this.prompts[Math.max(0, at - 1)] ?? null;
    this.changed(`${prompt.name} removed.`);
    (this.chosen ? this.card(this.chosen).button : this.adding).focus();
  }

  /** @param {string} words */
  changed(words) {
    this.show();
    this.workshop.changed();
    announce(words);
  }
}

/** @param {Element} row @param {number} x */
function indexAt(row, x) {
  return [...row.querySelectorAll('.beside > li:not(.dragged)')].filter((one) => {
    const { left, width } = one.getBoundingClientRect();
    return x > left + width / 2;
  }).length;
}
