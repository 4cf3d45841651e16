// @ts-check
/** Saving: a first version, or the next one unless somebody else's came between. */
import { call } from '../api.js';
import { cleaned } from './definition.js';

/**
 * @typedef {import('./definition.js').Definition} Definition
 * @typedef {{id: string, slug: string, name: string, status: string, version: number, rejectReason: string|null,
 *   definition: Definition}} Assistant
 */

/** Somebody else saved after this page read it. */
export class Overtaken extends Error {
  /** @param {Assistant} latest @param {number} known */
  constructor(latest, known) {
    super(`Version ${latest.version} is newer than version ${known}, from which you began.`);
    this.latest = latest;
    this.known = known;
  }
}

/** @param {string} id */
export const address = (id) => `/api/assistants/${encodeURIComponent(id)}`;

/**
 * @param {Assistant|null} known as it was read or saved last
 * @param {Definition} definition
 * @param {boolean} [overOthers] even if there is a newer version: it stays, as a version before
 * @returns {Promise<Assistant>}
 */
export async function save(known, definition, overOthers = false) {
  if (!known) return call('POST', '/api/assistants', cleaned(definition));
  if (!overOthers) {
    const latest = await call('GET', address(known.id));
    if (latest.version !== known.version) throw new Overtaken(latest, known.version);
  }
  return call('PUT', address(known.id), cleaned(definition));
}
