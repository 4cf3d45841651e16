// @ts-check
/** A run as it happens: one section a prompt, a state line, all of it text nodes. */

const WAITING = {
  rate_limited: 'the provider asked to slow down', circuit_open: 'the provider is failing',
  retry_backoff: 'before the next try', slot: 'for a free place',
};
const ENDED = { completed: 'Completed', failed: 'Failed', cancelled: 'Stopped', timed_out: 'Timed out', skipped: 'Skipped' };

/** @param {number} ms */
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {string} status */
const word = (status) => /** @type {Record<string, string>} */ (ENDED)[status] ?? status;

/** One prompt. Text gathers and is written once a frame: a token costs no layout. */
class PromptSection {
  /** @param {{promptId: string, name: string, index: number}} event */
  constructor(event) {
    this.index = event.index;
    this.pending = '';
    this.text = document.createTextNode('');
    this.state = document.createElement('span');
    this.state.className = 'state';
    this.name = document.createElement('span');
    this.name.className = 'name';
    this.name.append(event.name);
    const title = document.createElement('h3');
    title.append(this.name, ' ', this.state);
    const output = document.createElement('pre');
    output.append(this.text);
    this.element = document.createElement('section');
    this.element.dataset.prompt = event.promptId;
    this.element.append(title, output);
  }

  flush() {
    if (this.pending) this.text.appendData(this.pending);
    this.pending = '';
  }

  clear() {
    this.pending = '';
    this.text.data = '';
  }
}

export class RunView {
  /** @param {HTMLElement} place where sections go @param {HTMLElement} line the state line */
  constructor(place, line) {
    this.place = place;
    this.line = line;
    /** @type {Map<string, PromptSection>} */
    this.prompts = new Map();
    /** @type {Map<string, string>} */
    this.names = new Map();
    this.total = 0;
    this.scheduled = false;
    place.replaceChildren();
    this.say('Connecting …');
  }

  /** @param {string} text */
  say(text) {
    if (this.line.textContent !== text) this.line.textContent = text;
  }

  /** @param {{promptId: string, name: string}[]} prompts */
  name(prompts) {
    for (const { promptId, name } of prompts) {
      this.names.set(promptId, name);
      this.prompts.get(promptId)?.name.replaceChildren(name);
    }
  }

  /** @param {any} event the decoded `data` of a frame */
  show(event) {
    switch (event.type) {
      case 'execution.queued': return this.say('Waiting for a worker …');
      case 'execution.started':
        this.total = event.totalPrompts;
        return this.say(`Running ${event.assistantName} …`);
      case 'execution.waiting':
        return this.say(`Waiting: ${/** @type {Record<string, string>} */ (WAITING)[event.reason] ?? event.reason} …`);
      case 'prompt.started': return this.started(event);
      case 'prompt.delta': return this.append(event);
      case 'prompt.retrying': return this.retrying(event);
      case 'prompt.finished': return this.finished(event);
      case 'warning': return this.warn(event);
      case 'server.draining': return this.say('The server restarts; the run goes on …');
      case 'execution.finished': return this.ended(event);
    }
  }

  /** @param {any} event */
  section(event) {
    let section = this.prompts.get(event.promptId);
    if (!section) {
      section = new PromptSection({ name: this.names.get(event.promptId) ?? event.promptId, index: this.prompts.size, ...event });
      this.prompts.set(event.promptId, section);
      const index = section.index;
      const next = [...this.prompts.values()].filter((one) => one.index > index).sort((a, b) => a.index - b.index)[0];
      this.place.insertBefore(section.element, next?.element ?? null);
    }
    return section;
  }

  /** @param {any} event */
  started(event) {
    const section = this.section(event);
    section.clear();
    section.state.textContent = event.attempt > 1 ? `${event.model}, attempt ${event.attempt}` : event.model;
    this.say(`Prompt ${event.index + 1} of ${this.total}: ${event.name} …`);
  }

  /** @param {any} event */
  append(event) {
    this.section(event).pending += event.text;
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.scheduled = false;
    for (const section of this.prompts.values()) section.flush();
  }

  /** @param {any} event */
  retrying(event) {
    const section = this.section(event);
    section.clear();
    section.state.textContent = `attempt ${event.attempt} failed: ${event.message}`;
  }

  /** @param {any} event */
  finished(event) {
    const section = this.section(event);
    section.flush();
    const reason = event.message ? `: ${event.message}` : '';
    const time = event.durationMs === undefined ? '' : ` in ${seconds(event.durationMs)}`;
    section.state.textContent = `${word(event.status)}${time}${reason}`;
    section.element.dataset.status = event.status;
  }

  /** @param {any} event */
  warn(event) {
    const note = document.createElement('p');
    note.className = 'warning';
    note.append(event.message);
    const section = event.promptId ? this.prompts.get(event.promptId) : undefined;
    (section?.element ?? this.place).append(note);
  }

  /** @param {any} event */
  ended(event) {
    this.flush();
    const reason = event.message ? `: ${event.message}` : '';
    this.say(`${word(event.status)} after ${seconds(event.durationMs)}, ${event.usage.totalTokens} tokens${reason}`);
  }
}
