// @ts-check
/**
 * An event-stream parser to the letter of the HTML standard (section 9.2), and a client that resumes.
 * No dependencies.
 */

/**
 * @typedef {{type: string, data: string, lastEventId: string}} StreamEvent
 * @typedef {'connecting'|'open'|'waiting'|'paused'|'done'|'failed'|'closed'} StreamState
 */

/**
 * Feed it decoded text in any cuts. The decoder before it must keep a byte order mark (`ignoreBOM: true`).
 *
 * @param {{onEvent: (event: StreamEvent) => void, onRetry?: (ms: number) => void, onComment?: (text: string) => void}} sinks
 */
export function createParser({ onEvent, onRetry, onComment }) {
  let rest = '', first = true, sawCr = false;
  /** @type {string[]} */
  let data = [];
  let type = '', id = '', lastId = '';

  const dispatch = () => {
    lastId = id;
    if (data.length) onEvent({ type: type || 'message', data: data.join('\n'), lastEventId: lastId });
    data = [];
    type = '';
  };

  /** @param {string} line */
  const take = (line) => {
    if (line === '') return dispatch();
    if (line[0] === ':') return onComment?.(line.slice(1));
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value[0] === ' ') value = value.slice(1);
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) onRetry?.(parseInt(value, 10));
  };

  return {
    get lastEventId() { return lastId; },
    /** @param {string} text */
    feed(text) {
      if (text === '') return;
      if (first) {
        first = false;
        if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
      }
      if (sawCr) {
        sawCr = false;
        if (text[0] === '\n') text = text.slice(1);
      }
      const lines = (rest + text).split(/\r\n|\n|\r/);
      sawCr = text.endsWith('\r'); // A CRLF cut in two is one line end.
      rest = lines.pop() ?? '';
      lines.forEach(take);
    },
  };
}

const TRY_AGAIN = [408, 425, 429, 500, 502, 503, 504];
const FOR_EVER = 2 ** 31 - 1;

/** @param {number} ms @param {AbortSignal} [wake] */
const sleep = (ms, wake) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  wake?.addEventListener('abort', () => { clearTimeout(timer); resolve(undefined); }, { once: true });
});

/**
 * Follows one run until its terminal event: reconnects with `Last-Event-ID`, backs off with jitter, lets go of the
 * connection while the page is hidden. Fires `event` (detail: StreamEvent) and `state` (detail: {state, …}).
 */
export class RunStream extends EventTarget {
  /**
   * @param {string} url
   * @param {{lastId?: string, terminal?: (type: string) => boolean, idleMs?: number, baseMs?: number, maxMs?: number,
   *   hiddenMs?: number, fetchFn?: typeof fetch}} [options] `idleMs`: silence after which the connection counts as
   *   dead (heartbeats come every 15 s)
   */
  constructor(url, options = {}) {
    super();
    this.url = url;
    this.lastId = options.lastId ?? '';
    this.terminal = options.terminal ?? (() => false);
    this.idleMs = options.idleMs ?? 40_000;
    this.baseMs = options.baseMs ?? 500;
    this.maxMs = options.maxMs ?? 15_000;
    this.hiddenMs = options.hiddenMs ?? 30_000;
    this.fetchFn = options.fetchFn ?? ((...a) => fetch(...a));
    /** @type {StreamState} */
    this.state = 'connecting';
    this.tries = 0;
    this.paused = false;
    this.stopped = new AbortController();
    this.request = new AbortController();
    this.wake = new AbortController();
    this._onVisibility = () => this._visibility();
    this._onOnline = () => this.wake.abort();
    document.addEventListener('visibilitychange', this._onVisibility);
    window.addEventListener('online', this._onOnline);
    this.ready = this._loop();
  }

  close() {
    this.stopped.abort();
    this.request.abort();
    this.wake.abort();
    this._end('closed');
  }

  /** @param {StreamState} state @param {object} [detail] */
  _set(state, detail) {
    this.state = state;
    this.dispatchEvent(new CustomEvent('state', { detail: { state, ...detail } }));
  }

  /** @param {StreamState} state @param {object} [detail] */
  _end(state, detail) {
    document.removeEventListener('visibilitychange', this._onVisibility);
    window.removeEventListener('online', this._onOnline);
    clearTimeout(this.hiding);
    if (!['done', 'failed', 'closed'].includes(this.state)) this._set(state, detail);
  }

  _visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => { this.paused = true; this.request.abort(); }, this.hiddenMs);
    } else if (this.paused) {
      this.paused = false;
      this.wake.abort();
    }
  }

  async _loop() {
    while (!this.stopped.signal.aborted) {
      if (this.paused) {
        this._set('paused');
        await this._pause(FOR_EVER);
        continue;
      }
      this._set('connecting', { tries: this.tries });
      /** @type {number|null} */
      let wait = null;
      try {
        const outcome = await this._follow();
        if (outcome === true) return;
        if (typeof outcome === 'number') wait = outcome;
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        this.lastError = error;
      }
      if (this.paused || this.stopped.signal.aborted) continue;
      const cap = Math.min(this.maxMs, this.baseMs * 2 ** this.tries++);
      const ms = wait ?? cap / 2 + (Math.random() * cap) / 2;
      this._set('waiting', { ms: Math.round(ms), tries: this.tries });
      await this._pause(ms);
    }
  }

  /** @param {number} ms */
  _pause(ms) {
    this.wake = new AbortController();
    return sleep(ms, this.wake.signal);
  }

  /** One connection. True: it is over for good. A number: milliseconds the server asked to wait. */
  async _follow() {
    this.request = new AbortController();
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let dog;
    const kick = () => { clearTimeout(dog); dog = setTimeout(() => this.request.abort(), this.idleMs); };
    kick();
    try {
      const answer = await this.fetchFn(this.url, {
        headers: { Accept: 'text/event-stream', ...(this.lastId ? { 'Last-Event-ID': this.lastId } : {}) },
        cache: 'no-store', credentials: 'same-origin', signal: this.request.signal,
      });
      if (answer.status === 204) return this._over('done', { reason: 'no-content' });
      const isStream = /^text\/event-stream\b/i.test(answer.headers.get('content-type') ?? '');
      if (answer.status === 200 && isStream && answer.body) return await this._read(answer.body, kick);
      if (!TRY_AGAIN.includes(answer.status)) return this._over('failed', { status: answer.status });
      const seconds = Number(answer.headers.get('retry-after'));
      return seconds > 0 ? seconds * 1000 : false;
    } finally {
      clearTimeout(dog);
    }
  }

  /** @param {StreamState} state @param {object} detail */
  _over(state, detail) {
    this._end(state, detail);
    return true;
  }

  /** @param {ReadableStream<Uint8Array>} body @param {() => void} kick */
  async _read(body, kick) {
    this._set('open');
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    let over = false;
    const parser = createParser({
      onRetry: (ms) => { this.baseMs = Math.max(100, ms); },
      onEvent: (event) => {
        if (over) return;
        this.tries = 0;
        if (event.lastEventId) this.lastId = event.lastEventId;
        this.dispatchEvent(new CustomEvent('event', { detail: event }));
        over = this.terminal(event.type);
      },
    });
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      kick();
      if (done) return false;
      parser.feed(decoder.decode(value, { stream: true }));
      if (over) {
        reader.cancel().catch(() => {});
        return this._over('done', {});
      }
    }
  }
}
