// @ts-check
/** The first page: pick an assistant, fill its form, watch it run, stop it. */
import { call, Problem } from './api.js';
import { readFields, showErrors, showFields } from './assistant-form.js';
import { RunView } from './run-view.js';
import { RunStream } from './sse.js';

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {unknown} error */
const said = (error) => (error instanceof Error ? error.message : String(error));

/** Do something for a form or button: it is off meanwhile, and what goes wrong is said. @param {() => Promise<void>} work */
async function attempt(work) {
  at('problem').textContent = '';
  try {
    await work();
  } catch (error) {
    at('problem').textContent = said(error);
  }
}

// --- running ---------------------------------------------------------------------------------------------------

/** @type {import('./assistant-form.js').Field[]} */
let fields = [];
/** The assistant whose form is shown or on its way. */
let picked = '';
/** @type {RunStream|null} */
let stream = null;
let running = '';

async function listAssistants() {
  const list = at('assistant');
  let cursor = '';
  do {
    const page = await call('GET', `/api/assistants?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    for (const { id, name, status } of page.items) {
      const option = document.createElement('option');
      option.value = id;
      option.append(status === 'approved' ? name : `${name} (${status.replace('_', ' ')})`);
      list.append(option);
    }
    cursor = page.nextCursor;
  } while (cursor);
}

/** After a reload the form is that of the run which is shown, so that it can be run again. */
async function pickThatOfTheRun() {
  if (!running) return;
  const run = await call('GET', `/api/executions/${encodeURIComponent(running)}`).catch(() => null);
  const list = /** @type {HTMLSelectElement} */ (at('assistant'));
  if (run && [...list.options].some((one) => one.value === run.assistantId)) list.value = run.assistantId;
}

async function pick() {
  const id = /** @type {HTMLSelectElement} */ (at('assistant')).value;
  // A form that is made again, or comes late, would take away what was typed meanwhile.
  if (id && id === picked) return;
  picked = id;
  const assistant = id ? await call('GET', `/api/assistants/${encodeURIComponent(id)}`).catch(forget) : null;
  if (picked !== id) return;
  fields = assistant?.definition.fields ?? [];
  at('description').textContent = assistant?.description ?? '';
  showFields(at('fields'), fields);
  /** @type {HTMLButtonElement} */ (at('run')).disabled = !assistant;
}

/** What could not be fetched may be picked again. @param {unknown} error */
function forget(error) {
  picked = '';
  throw error;
}

async function run() {
  const assistantId = /** @type {HTMLSelectElement} */ (at('assistant')).value;
  const button = /** @type {HTMLButtonElement} */ (at('run'));
  button.disabled = true;
  try {
    const inputs = await readFields(at('fields'), fields);
    showErrors(at('fields'), []);
    // The key makes a repeated press, or a repeated request, one run.
    const started = await call('POST', '/api/executions', { assistantId, inputs }, { 'Idempotency-Key': crypto.randomUUID() });
    location.hash = `run=${started.id}`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const others = showErrors(at('fields'), error.errors);
    at('problem').textContent = [error.message, ...others.map((one) => one.message)].join(' ');
  } finally {
    button.disabled = false;
  }
}

/** Whatever run the address names is watched from its first event: a reload shows all of it, once. */
function watch() {
  const id = new URLSearchParams(location.hash.slice(1)).get('run');
  if (id === running) return;
  stream?.close();
  running = id ?? '';
  at('run-view').hidden = !id;
  if (!id) return;
  const view = new RunView(at('prompts'), at('state'));
  // A prompt that was skipped never said its name.
  call('GET', `/api/executions/${encodeURIComponent(id)}`).then((run) => view.name(run.prompts), () => {});
  at('receipt').textContent = '';
  const stop = /** @type {HTMLButtonElement} */ (at('stop'));
  stop.disabled = false;
  stop.hidden = false;
  at('prompts').setAttribute('aria-busy', 'true');
  stream = new RunStream(`/api/executions/${encodeURIComponent(id)}/events`, { terminal: (type) => type === 'execution.finished' });
  stream.addEventListener('event', (event) => view.show(JSON.parse(/** @type {CustomEvent} */ (event).detail.data)));
  stream.addEventListener('state', (event) => {
    const { state, status } = /** @type {CustomEvent} */ (event).detail;
    if (state === 'waiting') view.say('The connection was lost; trying again …');
    if (state === 'failed') view.say(status === 404 ? 'There is no such run.' : `This run cannot be shown (${status}).`);
    if (state === 'done' || state === 'failed') {
      stop.hidden = true;
      at('prompts').setAttribute('aria-busy', 'false');
    }
  });
}

async function stopRun() {
  const stop = /** @type {HTMLButtonElement} */ (at('stop'));
  stop.disabled = true;
  const receipt = await call('POST', `/api/executions/${encodeURIComponent(running)}/cancel`);
  const outcomes = {
    stopped: 'Stopped', already_finished: 'It had ended already',
    stopped_before_start: 'Stopped before it began', owner_lost: 'Its worker does not answer; it ends when the worker is replaced',
  };
  const closed = receipt.upstreamClosed ? 'the connection to the model is closed' : 'the connection to the model may still be open';
  const what = /** @type {Record<string, string>} */ (outcomes)[receipt.outcome] ?? receipt.outcome;
  at('receipt').textContent = `${what} after ${receipt.latencyMs} ms; ${closed}; ${receipt.keptChars} characters kept.`;
}

function runPage() {
  at('assistant').addEventListener('change', () => attempt(pick));
  at('form').addEventListener('submit', (event) => { event.preventDefault(); attempt(run); });
  at('stop').addEventListener('click', () => attempt(stopRun));
  window.addEventListener('hashchange', watch);
  attempt(async () => {
    await listAssistants();
    await pickThatOfTheRun();
    await pick();
  });
  watch();
}

runPage();
