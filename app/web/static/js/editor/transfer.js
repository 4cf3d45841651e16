// @ts-check
/** Assistants as files: chosen ones out, those of a file in. */
import { call } from '../api.js';
import { toast } from '../toast.js';
import { make } from './elements.js';

/** @typedef {{path: string, message: string}} Note */

/** Hands a file of the assistants to the browser. @param {string[]} ids */
export async function download(ids) {
  const file = await call('POST', '/api/assistants/export', { ids });
  const url = URL.createObjectURL(new Blob([JSON.stringify(file, null, 2)], { type: 'application/json' }));
  make('a', { href: url, download: `assistants-${new Date().toISOString().slice(0, 10)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

/** @param {() => Promise<void>} work */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), 'bad');
  }
}

/** @param {HTMLButtonElement} button */
function chooseForExport(button) {
  const all = /** @type {HTMLInputElement|null} */ (document.getElementById('all'));
  const boxes = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll('input[name=id]')]);
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  const show = () => {
    const count = chosen().length;
    button.disabled = !count;
    if (!all) return;
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  };
  all?.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener('change', show);
  button.addEventListener('click', () => attempt(() => download(chosen())));
  show();
}

/** @param {HTMLFormElement} form */
async function importFile(form) {
  const file = /** @type {HTMLInputElement} */ (document.getElementById('import-file')).files?.[0];
  const model = /** @type {HTMLInputElement} */ (document.getElementById('import-model')).value.trim();
  const outcome = /** @type {HTMLElement} */ (document.getElementById('import-outcome'));
  if (!file) return;
  outcome.replaceChildren('Importing …');
  try {
    const content = JSON.parse(await file.text());
    const answer = await call('POST', `/api/assistants/import${model ? `?model=${encodeURIComponent(model)}` : ''}`, content);
    outcome.replaceChildren(...told(answer));
    form.querySelector('[data-closes]')?.addEventListener('click', () => location.reload());
  } catch (error) {
    const problem = /** @type {any} */ (error);
    const message = error instanceof SyntaxError ? 'The file is not JSON.' : String(problem.message ?? error);
    outcome.replaceChildren(make('div', { class: 'notice bad' }, make('div', {}, make('p', {}, message), notes(problem.errors ?? []))));
  }
}

/** @param {{imported: {name: string, slug: string, notes: Note[]}[], refused: {name: string, errors: Note[]}[]}} answer */
function told({ imported, refused }) {
  const taken = imported.map((one) => make('div', { class: 'notice good' }, make('div', {},
    make('p', {}, 'Imported ', make('a', { href: `/assistants/${encodeURIComponent(one.slug)}/edit` }, one.name)), notes(one.notes))));
  const others = refused.map((one) => make('div', { class: 'notice bad' }, make('div', {}, make('p', {}, `Refused: ${one.name || 'without a name'}`), notes(one.errors))));
  return [...taken, ...others];
}

/** @param {Note[]} found */
const notes = (found) => make('ul', { class: 'small' }, ...found.map((one) => make('li', {}, one.path ? make('code', {}, one.path) : null, ` ${one.message}`)));

const button = document.getElementById('export');
if (button instanceof HTMLButtonElement && document.querySelector('.shelf')) chooseForExport(button);
for (const one of document.querySelectorAll('[data-export]')) {
  one.addEventListener('click', () => attempt(() => download([one.getAttribute('data-export') ?? ''])));
}
document.getElementById('import-form')?.addEventListener('submit', (event) => {
  event.preventDefault();
  importFile(/** @type {HTMLFormElement} */ (event.target));
});
