// @ts-check
/** A run as its events tell it: from the first event on, so that every reader sees all of it, once. */
import { money } from '../money.js';
import { Frames } from './frames.js';
import { say, within } from './page.js';
import { PromptCard } from './prompt-card.js';
import { advice, counted, duration, stateWord, waitWords } from './words.js';

const TICK_MS = 250;
const ENDED = ['completed', 'failed', 'cancelled', 'timed_out'];

export class RunView {
  /**
   * @param {HTMLElement} root
   * @param {import('./server-clock.js').ServerClock} clock
   * @param {{grew(isBehind: boolean): void, rest(): void}} bottom told when text was added to a run that goes on, and
   *   whether more has come already, and when nothing more comes
   */
  constructor(root, clock, bottom) {
    this.root = root;
    this.clock = clock;
    this.bottom = bottom;
    this.startedMs = Number(root.dataset.started ?? 0);
    /** One that had ended before is read from its beginning. */
    this.lives = !ENDED.includes(root.dataset.status ?? '');
    this.finished = false;
    this.done = 0;
    /** @type {{reason: string, untilMs?: number, card?: PromptCard}|null} */
    this.waiting = null;
    /** @type {Map<string, PromptCard>} */
    this.cards = new Map();
    for (const element of root.querySelectorAll('[data-prompt]')) {
      if (!(element instanceof HTMLElement)) continue;
      const row = [...root.querySelectorAll('[data-row]')].find((one) => one.getAttribute('data-row') === element.dataset.prompt);
      if (row instanceof HTMLElement) this.cards.set(element.dataset.prompt ?? '', new PromptCard(element, row));
    }
    this.frames = new Frames((most) => this._flush(most));
    this.ticking = setInterval(() => this._tick(), TICK_MS);
    /** What to do when its state is another. @type {(word: string) => void} */
    this.onStatus = () => {};
    /** What to do once all of a run that has ended is shown. */
    this.onShown = () => {};
  }

  /** @param {any} event the decoded `data` of a frame */
  take(event) {
    this.clock.heard(Date.parse(event.at));
    const card = this.cards.get(event.promptId);
    if (event.type !== 'execution.waiting') this._waitIsOver(event);
    switch (event.type) {
      case 'execution.queued': this._word(event.position ? `Waiting for a worker; ${event.position} before this one …` : 'Waiting for a worker …'); break;
      case 'execution.started': this._started(event); break;
      case 'execution.waiting': this._wait(event, card); break;
      case 'prompt.started':
        this._word(`Prompt ${event.index + 1} of ${this.cards.size}: ${event.name} …`);
        card?.start(event);
        break;
      case 'prompt.delta': card?.append(event.text); break;
      case 'prompt.reasoning': card?.think(event.text); break;
      case 'prompt.retrying': card?.retry(event); break;
      case 'prompt.finished': card?.finish(event); this._progress(); break;
      case 'warning': this._warn(event, card); break;
      case 'execution.finished': this._ended(event); break;
    }
    this.frames.plan();
  }

  /** The answers, each under the name of its prompt if there are several. */
  answers() {
    const given = [...this.cards.values()].filter((card) => card.text);
    if (given.length === 1) return given[0].text;
    return given.map((card) => `## ${card.name}\n\n${card.text.trim()}\n`).join('\n');
  }

  /** Nobody looks any more. */
  leave() {
    clearInterval(this.ticking);
  }

  /** @param {string} id */
  _part(id) {
    return within(this.root, `#${id}`);
  }

  /** @param {number} most characters of each prompt */
  _flush(most) {
    let isShown = false;
    let isBehind = false;
    let above = null;
    for (const card of this.cards.values()) {
      // Text of what stands above would push it down.
      if (isBehind && card.step !== above) break;
      card.reveal();
      isShown = card.flush(most) || isShown;
      isBehind ||= card.pending !== '';
      above = card.step;
    }
    if (isShown && this.lives) this.bottom.grew(isBehind);
    if (!isShown && this.finished) this._shown();
    return { isShown, isBehind };
  }

  _shown() {
    this.bottom.rest();
    this.onShown();
  }

  /** @param {string} text */
  _word(text) {
    say(this._part('state'), text);
  }

  /** @param {string} status */
  _status(status) {
    const badge = this._part('badge');
    this.root.dataset.status = badge.dataset.status = status;
    say(badge, stateWord(status));
    this.onStatus(stateWord(status));
  }

  /** @param {any} event */
  _started(event) {
    this.startedMs ||= Date.parse(event.at);
    this._status('running');
    this._word(`Running ${event.assistantName} …`);
  }

  /** @param {any} event @param {PromptCard|undefined} card */
  _wait(event, card) {
    this.waiting = { reason: event.reason, untilMs: event.untilMs, card };
    card?.show();
    this._word(waitWords(event.reason).replace(' …', '; trying again soon.'));
    this._tick();
  }

  /** @param {any} event */
  _waitIsOver(event) {
    const { waiting } = this;
    if (!waiting || (waiting.card && event.promptId && waiting.card.id !== event.promptId)) return;
    this.waiting = null;
    if (waiting.card) say(waiting.card.now, '');
  }

  _tick() {
    if (this.finished) return;
    if (this.startedMs) say(this._part('elapsed'), `${Math.max(0, (this.clock.now() - this.startedMs) / 1000).toFixed(0)} s`);
    if (!this.waiting) return;
    const left = this.waiting.untilMs === undefined ? undefined : this.waiting.untilMs - this.clock.now();
    const words = waitWords(this.waiting.reason, left);
    if (this.waiting.card) say(this.waiting.card.now, words);
  }

  _progress() {
    this.done = [...this.cards.values()].filter((card) => card.ended).length;
    /** @type {HTMLProgressElement} */ (this._part('progress')).value = this.done;
  }

  /** @param {any} event @param {PromptCard|undefined} card */
  _warn(event, card) {
    if (card) card.note(event.message);
    else this._notice(event.message, 'warn');
  }

  /** @param {string} text @param {'warn'|'bad'} kind */
  _notice(text, kind) {
    const place = this._part('ending');
    place.className = `notice ${kind}`;
    say(place, text);
    place.hidden = false;
  }

  /** @param {any} event */
  _ended(event) {
    this.finished = true;
    clearInterval(this.ticking);
    for (const card of this.cards.values()) this._lay(card, event);
    this._status(event.status);
    say(this._part('elapsed'), duration(event.durationMs));
    const text = [...this.cards.values()].map((card) => card.text).join(' ');
    const words = text.length < 1_000_000 ? [counted(text.match(/\S+/g)?.length ?? 0, 'word')] : [];
    const cost = event.cost === undefined ? [] : [money(event.cost)];
    const figures = [...words, counted(event.usage.totalTokens ?? 0, 'token'), ...cost].join(', ');
    // Badge and clock show it already: it is there for who hears the line.
    const heard = document.createElement('span');
    heard.className = 'unseen';
    heard.textContent = `${stateWord(event.status)} after ${duration(event.durationMs)}, `;
    this._part('state').replaceChildren(heard, `${figures}.`);
    this._why(event);
    this._part('progress').hidden = true;
    this.root.querySelector('#policy')?.remove();
  }

  /** Who stopped it themselves knows why. @param {any} event */
  _why({ status, code, message }) {
    if (status === 'completed' || code === 'cancelled_by_user' || !message) return;
    const hint = advice(code);
    this._notice(hint ? `${message} ${hint}` : message, status === 'cancelled' ? 'warn' : 'bad');
  }

  /** A prompt that has no end of its own ends with the run. @param {PromptCard} card @param {any} event */
  _lay(card, event) {
    if (card.ended) return;
    card.ended = true;
    card.state(card.element.dataset.status === 'running' ? event.status : 'skipped');
    say(card.now, '');
  }
}
