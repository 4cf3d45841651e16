// @ts-check
/** Rows of executions that run are kept up to date; one that ended is fetched as the server draws it. */
import { RunStream } from '../sse.js';

/** @typedef {{id: string, ageMs: number, tokensPerSecond: number}} Live */

/** @param {number} ms */
const seconds = (ms) => (ms < 60_000 ? `${(ms / 1000).toFixed(0)} s` : `${Math.floor(ms / 60_000)} min ${String(Math.floor(ms / 1000) % 60).padStart(2, '0')} s`);

/** @param {HTMLElement} row @param {Live} live */
function update(row, live) {
  const age = row.querySelector('[data-age]');
  const tokens = row.querySelector('[data-tokens]');
  if (age) age.textContent = seconds(live.ageMs);
  if (tokens) tokens.textContent = `${live.tokensPerSecond} /s`;
}

/** @param {HTMLElement[]} ended */
async function refresh(ended) {
  const answer = await fetch(location.href, { credentials: 'same-origin', cache: 'no-store' });
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const row of ended) {
    const now = fresh.querySelector(`[data-execution="${CSS.escape(row.dataset.execution ?? '')}"]`);
    if (now) row.replaceWith(document.adoptNode(now));
    else row.removeAttribute('data-live');
  }
}

/** @param {{total: number, tokensPerSecond: number, items: Live[]}} picture */
function show({ total, tokensPerSecond, items }) {
  const line = document.getElementById('live-line');
  const words = total ? `${total} running, about ${tokensPerSecond} tokens a second` : 'Nothing is running';
  if (line && line.textContent !== words) line.textContent = words;
  const live = new Map(items.map((item) => [item.id, item]));
  /** @type {HTMLElement[]} */
  const ended = [];
  for (const row of document.querySelectorAll('tr[data-live]')) {
    if (!(row instanceof HTMLElement)) continue;
    const item = live.get(row.dataset.execution ?? '');
    if (item) update(row, item);
    else if (items.length === total) ended.push(row);
  }
  if (ended.length) refresh(ended).catch(() => {});
}

const stream = new RunStream('/api/admin/live');
stream.addEventListener('event', (event) => show(JSON.parse(/** @type {CustomEvent} */ (event).detail.data)));
