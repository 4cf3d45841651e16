// @ts-check
/** An old version made the newest again: nothing between is lost, since it stays a version. */
import { call, Problem } from '../api.js';
import { address } from './saving.js';

const trouble = /** @type {HTMLElement} */ (document.getElementById('trouble'));

/** @param {HTMLButtonElement} button */
async function restore(button) {
  const { restore: number = '', assistant = '', current } = button.dataset;
  button.disabled = true;
  trouble.hidden = true;
  try {
    const latest = await call('GET', address(assistant));
    if (latest.version !== Number(current)) throw new Error(`Version ${latest.version} was saved meanwhile. Load the page again and look at it first.`);
    const { definition } = await call('GET', `${address(assistant)}/versions/${number}`);
    const saved = await call('PUT', address(assistant), definition);
    location.assign(`/assistants/${encodeURIComponent(saved.slug)}/versions?before=${current}&after=${saved.version}`);
  } catch (error) {
    const more = error instanceof Problem ? error.errors.map((one) => `${one.path}: ${one.message}`) : [];
    trouble.textContent = [error instanceof Error ? error.message : String(error), ...more].join(' ');
    trouble.hidden = false;
    button.disabled = false;
  }
}

for (const button of document.querySelectorAll('[data-restore]')) {
  button.addEventListener('click', () => restore(/** @type {HTMLButtonElement} */ (button)));
}
