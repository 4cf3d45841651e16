// @ts-check
/** The events of an execution at any moment of its life. */

/** @typedef {{type: string, seq: number, at: string, promptId?: string, name?: string, text?: string, attempt?: number, status?: string, reason?: string, code?: string, message?: string, model?: string}} Event */
/** @typedef {{name: string, text: string, status: string}} Shown */
/** What is to be seen of a prompt from an event on: so many characters of what its attempt wrote in all. */
/** @typedef {{from: number, name: string, attempt: {text: string}, length: number, status: string}} Step */

export class Recording {
  /** @param {Event[]} events in order */
  constructor(events) {
    this.events = events;
    const first = events.length ? Date.parse(events[0].at) : 0;
    /** When each came, in milliseconds since the first. */
    this.moments = events.map((event) => Date.parse(event.at) - first);
    this.length = this.moments.at(-1) ?? 0;
    /** By prompt, in order. @type {Map<string, Step[]>} */
    this.steps = new Map();
    events.forEach((event, index) => event.promptId && this._note(event.promptId, event, index));
  }

  /** @param {string} id @param {Event} event @param {number} index */
  _note(id, event, index) {
    const steps = this.steps.get(id) ?? [];
    this.steps.set(id, steps);
    const last = steps.at(-1) ?? { from: index, name: id, attempt: { text: '' }, length: 0, status: 'pending' };
    const step = { ...last, from: index };
    if (event.type === 'prompt.started') Object.assign(step, { name: event.name, attempt: { text: '' }, length: 0, status: 'running' });
    if (event.type === 'prompt.delta') step.length = (step.attempt.text += event.text ?? '').length;
    if (event.type === 'prompt.retrying') step.status = 'void';
    if (event.type === 'prompt.finished') step.status = event.status ?? '';
    steps.push(step);
  }

  /** How many events had come by then. @param {number} ms */
  count(ms) {
    return leading(this.moments.length, (index) => this.moments[index] <= ms);
  }

  /** What was to be seen then, by prompt. @param {number} ms @returns {Map<string, Shown>} */
  at(ms) {
    const count = this.count(ms);
    /** @type {Map<string, Shown>} */
    const shown = new Map();
    for (const [id, steps] of this.steps) {
      const step = steps[leading(steps.length, (index) => steps[index].from < count) - 1];
      if (step) shown.set(id, { name: step.name, text: step.attempt.text.slice(0, step.length), status: step.status });
    }
    return shown;
  }
}

/** How many of the first hold what only the first hold. @param {number} length @param {(index: number) => boolean} holds */
function leading(length, holds) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What an event says, in a line. @param {Event} event */
export function summary(event) {
  const { type: _, seq: __, at: ___, executionId: ____, ...rest } = /** @type {Event & {executionId?: string}} */ (event);
  const text = JSON.stringify(rest);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
