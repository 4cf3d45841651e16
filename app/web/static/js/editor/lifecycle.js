// @ts-check
/** The state of an assistant in the head of the page, and the moves from it. */
import { call } from '../api.js';
import { at } from './elements.js';
import { address } from './saving.js';

/** @typedef {import('./saving.js').Assistant} Assistant */

/** @type {Record<string, string>} */
const WORDS = {
  draft: 'Draft', pending_approval: 'Waiting for approval', approved: 'Approved', rejected: 'Rejected', disabled: 'Disabled',
};

/** @type {Record<string, string[]>} from where each move may be made */
const MOVES = {
  submit: ['draft', 'rejected'],
  approve: ['draft', 'pending_approval', 'rejected', 'disabled'],
  disable: ['approved', 'pending_approval'],
};

/** @param {Assistant} assistant */
export function showState(assistant) {
  const badge = at('status');
  badge.dataset.status = assistant.status;
  badge.textContent = WORDS[assistant.status] ?? assistant.status;
  at('version').textContent = `Version ${assistant.version}`;
  for (const id of ['version', 'versions']) {
    at(id).setAttribute('href', `/assistants/${encodeURIComponent(assistant.slug)}/versions`);
    at(id).hidden = false;
  }
  for (const id of ['export', 'remove', 'show-more']) at(id).hidden = false;
  for (const [move, from] of Object.entries(MOVES)) {
    const button = document.getElementById(move);
    if (button) button.hidden = !from.includes(assistant.status);
  }
  at('rejected').hidden = assistant.status !== 'rejected';
  at('reason').textContent = assistant.rejectReason ?? '';
}

/** @param {Assistant} assistant @param {string} move @returns {Promise<Assistant>} */
export const make = (assistant, move) => call('POST', `${address(assistant.id)}/${move}`);
