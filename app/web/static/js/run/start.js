// @ts-check
/** The page of an assistant: its form starts a run. */
import { call } from '../api.js';
import { AssistantForm } from './form.js';
import { at } from './page.js';

const form = /** @type {HTMLFormElement} */ (at('start'));
const assistantId = form.dataset.assistant;

new AssistantForm(form, (inputs, key) => call('POST', '/api/executions', { assistantId, inputs }, { 'Idempotency-Key': key }));
