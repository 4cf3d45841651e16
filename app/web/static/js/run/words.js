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
  provider_unavailable: 'An administrator can set the provider up, or the author chooses another model.',
  connect_timeout: 'Run it again in a while.',
  upstream_unreachable: 'Run it again in a while.',
  upstream_rate_limited: 'Run it again later.',
  upstream_overloaded: 'Run it again in a few minutes.',
  upstream_unauthorized: 'An administrator has to look at the key of this service.',
  upstream_model_not_found: 'The author has to choose another model.',
  upstream_rejected: 'Shorter inputs may help; else the author has to change the prompt.',
  upstream_disconnected: 'What came is kept; run it again from here.',
  upstream_incomplete: 'What came is kept; run it again from here.',
  upstream_protocol: 'Tell an administrator if it happens again.',
  upstream_error: 'Run it again from here.',
  output_too_large: 'Ask for less, or the author limits the answer.',
  empty_output: 'Change the inputs and run it again.',
  content_filtered: 'Change the inputs and run it again.',
  first_token_timeout: 'Run it again, or the author allows more time.',
  idle_timeout: 'Run it again from here.',
  prompt_timeout: 'Run it again with less, or the author allows more time.',
  execution_timeout: 'Run it again with less, or the author allows more time.',
  queue_timeout: 'Run it again later.',
  partial_failure: 'Run it again from the first prompt that failed.',
  client_disconnected: 'What had come by then is kept.',
  worker_lost: 'Tell an administrator.',
  internal_error: 'Tell an administrator, with the address of this page.',
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
