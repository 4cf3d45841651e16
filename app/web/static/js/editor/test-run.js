// @ts-check
/** A run of what was just saved, beside the editor: each prompt's state and its text as it comes. */
import { call } from '../api.js';
import { RunStream } from '../sse.js';
import { make } from './elements.js';

/** @typedef {import('./definition.js').Definition} Definition */

/** @type {Record<string, string>} */
const ENDED = { completed: 'Completed', failed: 'Failed', cancelled: 'Stopped', timed_out: 'Timed out', skipped: 'Skipped' };

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export class TestRun {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    /** @type {RunStream|null} */
    this.stream = null;
    /** @type {Map<string, {state: HTMLElement, output: HTMLElement, text: string}>} */
    this.prompts = new Map();
  }

  /** Stops looking; the run itself goes on as its assistant says. */
  leave() {
    this.stream?.close();
    this.stream = null;
  }

  /** @param {string} assistantId @param {Definition} definition @param {Record<string, unknown>} inputs */
  async start(assistantId, definition, inputs) {
    this.leave();
    const started = await call('POST', '/api/executions', { assistantId, inputs });
    this.show(started.id, definition);
    const stream = new RunStream(`/api/executions/${encodeURIComponent(started.id)}/events`, { terminal: (type) => type === 'execution.finished' });
    stream.addEventListener('event', (event) => this.take(JSON.parse(/** @type {CustomEvent} */ (event).detail.data)));
    this.stream = stream;
  }

  /** @param {string} id @param {Definition} definition */
  show(id, definition) {
    this.prompts.clear();
    this.line = make('p', { role: 'status', class: 'small' }, 'Waiting …');
    this.stop = make('button', { type: 'button', class: 'button' }, 'Stop');
    this.stop.addEventListener('click', () => this.cancel(id));
    const articles = [...definition.prompts].sort((a, b) => (a.position ?? 0) - (b.position ?? 0)).map((prompt) => {
      const state = make('span', { class: 'badge', 'data-status': 'pending' }, 'Waiting');
      const output = make('pre', { class: 'block', tabindex: '0', 'aria-label': `Output of ${prompt.name}` });
      this.prompts.set(prompt.id, { state, output, text: '' });
      return make('article', { class: 'stack tight' }, make('div', { class: 'row apart' }, make('h3', {}, prompt.name), state), output);
    });
    this.place.replaceChildren(make('section', { class: 'stack', 'aria-label': 'Test run' },
      make('div', { class: 'row apart' }, this.line, this.stop), ...articles));
  }

  /** @param {string} id */
  async cancel(id) {
    if (this.stop) this.stop.disabled = true;
    await call('POST', `/api/executions/${encodeURIComponent(id)}/cancel`).catch(() => {
      if (this.stop) this.stop.disabled = false;
    });
  }

  /** @param {any} event the decoded data of a frame */
  take(event) {
    const prompt = this.prompts.get(event.promptId);
    switch (event.type) {
      case 'execution.started': return this.say('Running …');
      case 'execution.finished': return this.finished(event);
      case 'prompt.started': return prompt && mark(prompt.state, 'running', `Running on ${event.model}`);
      case 'prompt.delta': return prompt && put(prompt, prompt.text + event.text);
      case 'prompt.retrying':
        if (prompt) put(prompt, '');
        return prompt && mark(prompt.state, 'warn', `Again: ${event.message}`);
      case 'prompt.finished': return prompt && mark(prompt.state, event.status, `${ENDED[event.status] ?? event.status}${event.durationMs === undefined ? '' : ` in ${seconds(event.durationMs)}`}`);
      default: return undefined;
    }
  }

  /** @param {any} event */
  finished(event) {
    const reason = event.message ? `: ${event.message}` : '';
    this.say(`${ENDED[event.status] ?? event.status} after ${seconds(event.durationMs)}, ${event.usage.totalTokens} tokens${reason}`);
    if (this.stop) this.stop.hidden = true;
  }

  /** @param {string} words */
  say(words) {
    if (this.line) this.line.textContent = words;
  }
}

/** @param {HTMLElement} badge @param {string} status @param {string} words */
function mark(badge, status, words) {
  badge.dataset.status = status;
  badge.textContent = words;
}

/** @param {{output: HTMLElement, text: string}} prompt @param {string} text */
function put(prompt, text) {
  prompt.text = text;
  prompt.output.textContent = text;
}
