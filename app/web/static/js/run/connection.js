// @ts-check
/** How the connection stands, in words; nothing while all is well. */
import { say } from './page.js';

const OVER = ['done', 'failed', 'closed'];

export class Connection {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.drains = false;
    /** @type {string} */
    this.state = 'connecting';
    window.addEventListener('offline', () => this._offline());
    window.addEventListener('online', () => this._online());
  }

  drain() {
    this.drains = true;
    say(this.place, 'The server restarts; the run goes on …');
  }

  /** @param {{state: string, status?: number, tries?: number}} detail of a `state` event of a RunStream */
  take({ state, status, tries }) {
    this.state = state;
    if (state === 'open') {
      this.drains = false;
      return say(this.place, '');
    }
    if (state === 'failed') return say(this.place, this._refused(status));
    if (state === 'done' || state === 'closed') return say(this.place, '');
    if (state === 'waiting' && !navigator.onLine) return this._offline();
    if (state === 'waiting' && !this.drains) say(this.place, tries && tries > 3 ? 'The server does not answer; still trying …' : 'Reconnecting …');
  }

  /** Where nothing more is to come, nothing waits for the network. */
  _offline() {
    if (OVER.includes(this.state)) return;
    say(this.place, 'You are offline; nothing is lost. It goes on when you are back.');
  }

  _online() {
    if (this.state === 'open') say(this.place, '');
    else if (!OVER.includes(this.state)) say(this.place, 'Reconnecting …');
  }

  /** @param {number|undefined} status */
  _refused(status) {
    if (status === 401) return 'You are signed out. Sign in again to go on watching.';
    if (status === 404) return 'This run was removed.';
    if (status === 410) return 'What was answered was removed.';
    return `The run cannot be shown (${status}).`;
  }
}
