// @ts-check
/** A run of what was just saved, beside the editor: shown live, as on the page of a run. */
import { call } from '../api.js';
import { Connection } from '../run/connection.js';
import { ServerClock } from '../run/server-clock.js';
import { stopping } from '../run/stopping.js';
import { RunView } from '../run/view.js';
import { RunStream } from '../sse.js';
import { at } from './elements.js';
import { runFrame } from './test-run-frame.js';

/** @typedef {import('./definition.js').Definition} Definition */

/** From here on a reader is at the end, in pixels. */
const NEAR = 48;

/** Follows the end of a place that scrolls by itself, for a reader who is there. */
class End {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.follows = true;
    place.addEventListener('scroll', () => {
      this.follows = place.scrollHeight - place.clientHeight - place.scrollTop <= NEAR;
    }, { passive: true });
  }

  /** @param {boolean} isBehind */
  grew(isBehind) {
    if (this.follows && !isBehind) this.place.scrollTo({ top: this.place.scrollHeight, behavior: 'instant' });
  }

  rest() {}
}

export class TestRun {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    /** @type {RunStream|null} */
    this.stream = null;
    /** @type {RunView|null} */
    this.view = null;
  }

  /** Stops looking; the run itself goes on as its assistant says. */
  leave() {
    this.stream?.close();
    this.view?.leave();
    this.stream = this.view = null;
  }

  /** @param {string} assistantId @param {Definition} definition @param {Record<string, unknown>} inputs */
  async start(assistantId, definition, inputs) {
    this.leave();
    const started = await call('POST', '/api/executions', { assistantId, inputs });
    const url = `/api/executions/${encodeURIComponent(started.id)}`;
    const root = runFrame(started.id, definition);
    this.place.replaceChildren(root);
    stopping(url);
    this.follow(root, url);
  }

  /** @param {HTMLElement} root @param {string} url of the run in the API */
  follow(root, url) {
    const end = new End(at('bench'));
    const connection = new Connection(at('connection'));
    const stream = new RunStream(`${url}/events`, { terminal: (type) => type === 'execution.finished' });
    stream.addEventListener('event', (event) => {
      const decoded = JSON.parse(/** @type {CustomEvent} */ (event).detail.data);
      if (decoded.type === 'server.draining') return connection.drain();
      // The first event is as old as its way here: what the server's clock says now.
      this.view ??= new RunView(root, new ServerClock(Date.parse(decoded.at), performance.now()), end);
      this.view.take(decoded);
      if (decoded.type === 'execution.finished') at('stop').hidden = true;
    });
    stream.addEventListener('state', (event) => connection.take(/** @type {CustomEvent} */ (event).detail));
    this.stream = stream;
  }
}
