// @ts-check
/** The events of an execution at any moment of its life. */

/** @typedef {{type: string, seq: number, at: string, promptId?: string, name?: string, text?: string, attempt?: number, status?: string, reason?: string, code?: string, message?: string, model?: string}} Event */
/** @typedef {{name: string, text: string, status: string}} Shown */

export class Recording {
  /** @param {Event[]} events in order */
  constructor(events) {
    this.events = events;
    const first = events.length ? Date.parse(events[0].at) : 0;
    /** When each came, in milliseconds since the first. */
    this.moments = events.map((event) => Date.parse(event.at) - first);
    this.length = this.moments.at(-1) ?? 0;
  }

  /** How many events had come by then. @param {number} ms */
  count(ms) {
    let low = 0;
    let high = this.moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.moments[middle] <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What was to be seen then, by prompt. @param {number} ms @returns {Map<string, Shown>} */
  at(ms) {
    /** @type {Map<string, Shown>} */
    const shown = new Map();
    for (const event of this.events.slice(0, this.count(ms))) {
      if (!event.promptId) continue;
      const prompt = shown.get(event.promptId) ?? { name: event.promptId, text: '', status: 'pending' };
      shown.set(event.promptId, prompt);
      if (event.type === 'prompt.started') Object.assign(prompt, { name: event.name, text: '', status: 'running' });
      if (event.type === 'prompt.delta') prompt.text += event.text ?? '';
      if (event.type === 'prompt.retrying') prompt.status = 'void';
      if (event.type === 'prompt.finished') prompt.status = event.status ?? '';
    }
    return shown;
  }
}

/** What an event says, in a line. @param {Event} event */
export function summary(event) {
  const { type: _, seq: __, at: ___, executionId: ____, ...rest } = /** @type {Event & {executionId?: string}} */ (event);
  const text = JSON.stringify(rest);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
