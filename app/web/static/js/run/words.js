// @ts-check
/** What states, waits and errors are called, and what to do about them. */

/** @type {Record<string, string>} */
const STATES = {
  pending: 'Waiting', running: 'Running', completed: 'Completed', failed: 'Failed', cancelled: 'Stopped',
  timed_out: 'Timed out', skipped: 'Skipped',
};

/** @type {Record<string, string>} */
const WAITS = {
  rate_limited: 'Rate limited', circuit_open: 'The provider keeps failing', retry_backoff: 'The last try failed',
  slot: 'Waiting for a free place',
};

/** @type {Record<string, string>} */
const RECEIPTS = {
  stopped: 'Stopped', already_finished: 'It had ended already', stopped_before_start: 'Stopped before it began',
  owner_lost: 'Its worker does not answer; it ends when the worker is replaced',
};

/** What whoever ran it can do, by code; docs/errors.md says the same to operators. @type {Record<string, string>} */
const ADVICE = {
  template_error: 'The author has to mend this prompt; running it again gives the same.',
  provider_unavailable: 'The provider of this model is not set up here. An administrator can add it, or the author chooses another model.',
  connect_timeout: 'The provider could not be reached. Try again in a while.',
  upstream_unreachable: 'The provider could not be reached. Try again in a while.',
  upstream_rate_limited: 'The provider takes no more requests for now. Try again later.',
  upstream_overloaded: 'The provider has trouble of its own. Try again in a few minutes.',
  upstream_unauthorized: 'The provider refused the key of this service. An administrator has to look at it.',
  upstream_model_not_found: 'The provider has no such model. The author has to choose another.',
  upstream_rejected: 'The provider refused the request. Shorter inputs may help; else the author has to change the prompt.',
  upstream_disconnected: 'The connection broke in the middle. What came is kept; run it again from here.',
  upstream_incomplete: 'The answer broke off. What came is kept; run it again from here.',
  upstream_protocol: 'The provider sent something that is no answer. Tell an administrator if it happens again.',
  upstream_error: 'The provider failed in the middle. Run it again from here.',
  output_too_large: 'The answer was longer than allowed. Ask for less, or the author limits it.',
  empty_output: 'The model said nothing. Change the inputs and run it again.',
  content_filtered: 'The provider withheld the answer. Change the inputs and run it again.',
  first_token_timeout: 'The model did not begin in time. Run it again, or the author allows more time.',
  idle_timeout: 'The model fell silent. Run it again from here.',
  prompt_timeout: 'The prompt took longer than allowed. Run it again with less, or the author allows more time.',
  execution_timeout: 'The run took longer than allowed. Run it again with less, or the author allows more time.',
  queue_timeout: 'No worker was free in time. Try again later.',
  partial_failure: 'Some prompts failed; the answers of the others are kept.',
  client_disconnected: 'Nobody watched any more. What had come by then is kept.',
  worker_lost: 'The server lost this run several times. Tell an administrator.',
  internal_error: 'This is a fault of the service. Tell an administrator.',
};

/** @param {string} status */
export const stateWord = (status) => STATES[status] ?? status;

/** @param {string|undefined} code */
export const advice = (code) => (code && Object.hasOwn(ADVICE, code) ? ADVICE[code] : '');

/** @param {number} count @param {string} one */
export const counted = (count, one) => `${count.toLocaleString('en')} ${one}${count === 1 ? '' : 's'}`;

/** As the server writes it. @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

/** @param {string} reason @param {number} [leftMs] */
export function waitWords(reason, leftMs) {
  const what = WAITS[reason] ?? reason;
  if (leftMs === undefined) return `${what} …`;
  if (leftMs <= 0) return `${what}, trying again now …`;
  return `${what}, trying again in ${Math.ceil(leftMs / 1000)} s`;
}

/** @param {{outcome: string, upstreamClosed: boolean, latencyMs: number, keptChars: number}} receipt */
export function receiptWords({ outcome, upstreamClosed, latencyMs, keptChars }) {
  const what = RECEIPTS[outcome] ?? outcome;
  if (outcome !== 'stopped') return `${what}.`;
  const upstream = upstreamClosed ? 'the connection to the model is closed' : 'the connection to the model may still be open';
  return `${what} after ${latencyMs} ms; ${upstream}; ${counted(keptChars, 'character')} kept.`;
}
