// @ts-check
/**
 * Forms that call the API, as their attributes say:
 * `data-call` and `data-url` name the call, `data-confirm` the question before it, `data-done` the word after it;
 * `data-after` is `reload`, `stay`, or `show` (the answer, in the dialog that `data-shows` names).
 * A field's `data-as` makes its text a `flag`, a `list` of all that are ticked, or a time so many `days` from now.
 */
import { call, Problem } from '../api.js';
import { toast } from '../toast.js';

const DAY_MS = 86_400_000;
const SAID = 'aa_said';

/** @param {HTMLFormElement} form @returns {Record<string, unknown>} */
function bodyOf(form) {
  /** @type {Record<string, unknown>} */
  const body = {};
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement || field instanceof HTMLTextAreaElement)) continue;
    if (!field.name) continue;
    const kind = field.dataset.as;
    if (kind === 'list') {
      const list = /** @type {string[]} */ (body[field.name] ??= []);
      if (field instanceof HTMLInputElement && field.checked) list.push(field.value);
    } else if (kind === 'flag') body[field.name] = field.value === 'true';
    else if (field.value && kind === 'days') body[field.name] = new Date(Date.now() + Number(field.value) * DAY_MS).toISOString();
    else if (field.value) body[field.name] = field.value;
  }
  return body;
}

/** @param {HTMLFormElement} form @param {{path: string, message: string}[]} errors @param {string} message */
function showProblems(form, errors, message) {
  const others = [];
  for (const place of form.querySelectorAll('[data-error]')) place.textContent = '';
  for (const field of form.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
  for (const { path, message: said } of errors) {
    const name = path.replace(/\W.*$/, '');
    const place = form.querySelector(`[data-error="${CSS.escape(name)}"]`);
    if (place) place.textContent = said;
    else others.push(said);
    form.querySelector(`[name="${CSS.escape(name)}"]`)?.setAttribute('aria-invalid', 'true');
  }
  const all = [message, ...others].filter(Boolean).join(' ');
  const notice = form.querySelector('[data-problem]');
  if (notice) notice.textContent = all;
  else if (all) toast(all, 'bad');
  /** @type {HTMLElement|null} */ (form.querySelector('[aria-invalid]'))?.focus();
}

/** @param {string} question @param {string} consequence @returns {Promise<boolean>} */
function agreed(question, consequence) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('confirm'));
  for (const [name, text] of [['question', question], ['consequence', consequence]]) {
    const place = dialog.querySelector(`[data-${name}]`);
    if (place) place.textContent = text;
  }
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true });
  });
}

/** What was done is said by the page that comes: this one goes. @param {string} word */
function reload(word) {
  if (word) sessionStorage.setItem(SAID, word);
  location.reload();
}

/** @param {string} id @param {Record<string, unknown>} answer */
function show(id, answer) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById(id));
  for (const place of dialog.querySelectorAll('[data-result]')) {
    if (place instanceof HTMLElement) place.textContent = String(answer[place.dataset.result ?? ''] ?? '');
  }
  dialog.addEventListener('close', () => {
    for (const place of dialog.querySelectorAll('[data-result]')) place.textContent = '';
    if (dialog.dataset.then === 'reload') location.reload();
  }, { once: true });
  dialog.showModal();
}

/** What was saved is what a reset goes back to. @param {HTMLFormElement} form */
function keep(form) {
  for (const field of form.elements) {
    if (field instanceof HTMLInputElement) field.defaultValue = field.value;
    if (field instanceof HTMLSelectElement) for (const option of field.options) option.defaultSelected = option.selected;
  }
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const { call: method = 'POST', url = '', after = '', done = '', shows = '', confirm: question, consequence = '' } = form.dataset;
  if (question && !(await agreed(question, consequence))) return;
  const button = form.querySelector('button:not([type=button])');
  button?.setAttribute('disabled', '');
  try {
    const answer = await call(method, url, method === 'DELETE' ? undefined : bodyOf(form));
    showProblems(form, [], '');
    if (after === 'stay') keep(form);
    else form.closest('dialog')?.close();
    if (after === 'reload') reload(done);
    else if (done) toast(done, 'good');
    if (after === 'show') show(shows, answer);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const errors = error instanceof Problem ? error.errors : [];
    showProblems(form, errors, error.message);
    // What could not be changed is shown as it is.
    if (form.querySelector('[data-submits]')) form.reset();
  } finally {
    button?.removeAttribute('disabled');
  }
}

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.dataset.call) return;
  event.preventDefault();
  send(form);
});

document.addEventListener('change', (event) => {
  const field = event.target;
  if (field instanceof HTMLSelectElement && field.matches('[data-submits]')) field.form?.requestSubmit();
});

for (const part of document.querySelectorAll('[data-refresh-seconds]')) {
  const seconds = Number(part.getAttribute('data-refresh-seconds'));
  setInterval(() => {
    if (document.visibilityState === 'visible' && !part.contains(document.activeElement)) part.dispatchEvent(new Event('refresh'));
  }, seconds * 1000);
}

const said = sessionStorage.getItem(SAID);
if (said) {
  sessionStorage.removeItem(SAID);
  toast(said, 'good');
}
