// @ts-check
/** The stop of a run and its receipt, and buttons that say what went wrong. */
import { call } from '../api.js';
import { toast } from '../toast.js';
import { at, said, say } from './page.js';
import { receiptWords } from './words.js';

/** Do something for a button; what goes wrong is said. @param {Element|null} button @param {() => Promise<unknown>} work */
export function onPress(button, work) {
  button?.addEventListener('click', async () => {
    try {
      await work();
    } catch (error) {
      toast(said(error), 'bad');
    }
  });
}

/** The button `stop` stops it; `receipt` says what that did. @param {string} url of the run */
export function stopping(url) {
  const stop = /** @type {HTMLButtonElement} */ (at('stop'));
  onPress(stop, async () => {
    stop.disabled = true;
    try {
      say(at('receipt'), receiptWords(await call('POST', `${url}/cancel`)));
    } catch (error) {
      stop.disabled = false;
      throw error;
    }
  });
}
