// @ts-check
/** One prompt of a run: the text of its attempt as it comes, what it thinks, what it waits for, how it ended. */
import { decorate } from '../markdown/code-blocks.js';
import { MarkdownStream } from '../markdown/md-stream.js';
import { say, within } from './page.js';
import { advice, counted, duration, stateWord } from './words.js';

export class PromptCard {
  /** @param {HTMLElement} element the card @param {HTMLElement} row its line of the timeline */
  constructor(element, row) {
    this.element = element;
    this.row = row;
    this.name = element.dataset.name ?? '';
    this.id = element.dataset.prompt ?? '';
    this.attempt = 1;
    this.text = '';
    this.pending = '';
    this.ended = false;
    /** Whether there is something to see; it is seen once nothing above it grows any more. */
    this.isAsked = false;
    this.output = within(element, '[data-output]');
    this.now = within(element, '[data-now]');
    this.reasoning = within(element, '[data-reasoning]');
    this.thoughts = within(element, '.reasoning-text');
    this.stream = new MarkdownStream(this.output, decorate);
  }

  show() {
    this.isAsked = true;
  }

  /** Prompts of one position stand side by side and are shown together. */
  get step() {
    return this.element.parentElement;
  }

  reveal() {
    if (this.isAsked && this.step) this.step.hidden = false;
  }

  /** @param {any} event */
  start(event) {
    if (event.attempt > this.attempt) this._void(event.attempt, 'interrupted');
    this.show();
    this.state('running');
    say(within(this.row, '[data-figures]'), '');
    say(within(this.element, '[data-model]'), event.model);
    say(this.now, event.attempt > 1 ? `Attempt ${event.attempt}: waiting for the first words …` : 'Waiting for the first words …');
    this.output.setAttribute('aria-busy', 'true');
  }

  /** @param {string} text */
  append(text) {
    this.text += text;
    this.pending += text;
  }

  /** @param {string} text */
  think(text) {
    this.reasoning.hidden = false;
    this.thoughts.append(text);
    say(this.now, 'Thinking …');
  }

  /** Show some of what is pending. Says whether anything was shown. @param {number} most in characters */
  flush(most) {
    if (!this.pending) return this._close();
    const piece = this._piece(most);
    this.pending = this.pending.slice(piece.length);
    if (!this.ended) say(this.now, 'Writing …');
    this.output.classList.toggle('writing', !this.ended);
    this.stream.append(piece);
    return true;
  }

  /** Never half a surrogate pair. @param {number} most */
  _piece(most) {
    const last = this.pending.charCodeAt(most - 1);
    return this.pending.slice(0, most - (last >= 0xd800 && last < 0xdc00 ? 1 : 0));
  }

  /** Once all of an ended answer is shown it is rendered for good. */
  _close() {
    if (!this.ended || this.output.getAttribute('aria-busy') === 'false') return false;
    this.stream.end();
    this.output.classList.remove('writing');
    this.output.setAttribute('aria-busy', 'false');
    this._offer();
    return true;
  }

  /** An answer can be copied and judged; a prompt that failed without one can be repeated. */
  _offer() {
    for (const button of this.element.querySelectorAll('[data-copy-answer], [data-feedback]')) {
      if (button instanceof HTMLElement) button.hidden = !this.text;
    }
    within(this.element, '[data-foot]').inert = this.element.dataset.status === 'skipped';
  }

  /** The attempt is void: its text is struck and folded. @param {any} event */
  retry(event) {
    this._void(event.nextAttempt, event.message);
    say(this.now, `Trying again with ${event.model} …`);
  }

  /** @param {number} next @param {string} why */
  _void(next, why) {
    const folded = document.createElement('details');
    folded.className = 'void small';
    const summary = document.createElement('summary');
    const struck = document.createElement('s');
    struck.append(`Attempt ${this.attempt}`);
    summary.append(struck, ` ${why}`);
    const text = document.createElement('del');
    text.append(this.text || 'Nothing had come.');
    folded.append(summary, text);
    within(this.element, '[data-attempts]').append(folded);
    this.attempt = next;
    this._empty();
  }

  _empty() {
    this.text = this.pending = '';
    this.ended = false;
    this.output.replaceChildren();
    this.output.classList.remove('writing');
    this.thoughts.replaceChildren();
    this.reasoning.hidden = true;
    this.stream = new MarkdownStream(this.output, decorate);
  }

  /** @param {any} event */
  finish(event) {
    this.ended = true;
    this.state(event.status);
    const figures = [
      event.durationMs === undefined ? '' : duration(event.durationMs),
      event.usage ? counted(event.usage.outputTokens ?? event.usage.totalTokens, 'token') : '',
    ].filter(Boolean);
    if (event.kept) figures.push('kept from the earlier run');
    say(within(this.row, '[data-figures]'), figures.join(' · '));
    const first = event.firstTokenMs === undefined ? [] : [`first word after ${duration(event.firstTokenMs)}`];
    say(this.now, [...figures, ...first].join(' · '));
    if (event.finishReason === 'length') this.note('The answer was cut at the length that the author set.', '', 'warn');
    // Of a stop the head of the page tells.
    if (!event.code || event.status === 'skipped' || event.status === 'cancelled') return;
    this.show();
    this.note(event.message ?? event.code, advice(event.code), 'bad');
  }

  /** @param {string} status */
  state(status) {
    this.element.dataset.status = this.row.dataset.status = status;
    say(within(this.row, '.stop-state'), stateWord(status));
  }

  /** @param {string} message @param {string} [more] @param {''|'warn'|'bad'} [kind] */
  note(message, more = '', kind = 'warn') {
    const note = document.createElement('p');
    note.className = `notice small ${kind}`;
    note.append(more ? `${message} ${more}` : message);
    within(this.element, '[data-notes]').append(note);
  }
}
