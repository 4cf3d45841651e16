// @ts-check
/** What every page has: the theme's switch, the way out, copy buttons, dialogs that open, words that fade. */
import { call } from './api.js';
import { toast } from './toast.js';

const root = document.documentElement;
const ONE_YEAR = 365 * 24 * 3600;

const isDark = () => getComputedStyle(root).colorScheme === 'dark'
  || (!root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches);

/** A cookie and no storage of the page's, so that the server draws the right one at once. */
function switchTheme() {
  const theme = isDark() ? 'light' : 'dark';
  root.dataset.theme = theme;
  document.cookie = `aa_theme=${theme}; path=/; max-age=${ONE_YEAR}; samesite=lax`;
}

async function signOut() {
  await call('DELETE', '/api/session');
  location.assign('/sign-in');
}

/** @param {HTMLElement} button */
async function copy(button) {
  const source = document.getElementById(button.dataset.copy ?? '');
  await navigator.clipboard.writeText(source?.textContent ?? '');
  toast('Copied');
}

/** @type {Record<string, (element: HTMLElement) => unknown>} */
const ACTIONS = {
  '[data-theme-switch]': switchTheme,
  '[data-sign-out]': signOut,
  '[data-copy]': copy,
  '[data-opens]': (button) => /** @type {HTMLDialogElement|null} */ (document.getElementById(button.dataset.opens ?? ''))?.showModal(),
  '[data-closes]': (button) => button.closest('dialog')?.close(),
};

document.addEventListener('click', async (event) => {
  const target = event.target instanceof Element ? event.target : null;
  for (const [selector, act] of Object.entries(ACTIONS)) {
    const element = target?.closest(selector);
    if (!(element instanceof HTMLElement)) continue;
    try {
      await act(element);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'bad');
    }
  }
});

/** Times are written in UTC and shown in the reader's own zone. @param {ParentNode} place */
function showLocalTimes(place) {
  for (const element of place.querySelectorAll('time[datetime]')) {
    const time = new Date(element.getAttribute('datetime') ?? '');
    if (Number.isNaN(time.valueOf())) continue;
    element.textContent = time.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    if (element instanceof HTMLElement) element.title = time.toISOString();
  }
}

showLocalTimes(document);
document.addEventListener('htmx:after:swap', () => showLocalTimes(document));
