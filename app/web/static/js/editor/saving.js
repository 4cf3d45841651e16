// @ts-check
/** Saving: a first version, or the next one unless somebody else's came between. */
import { Problem, call } from '../api.js';
import { cleaned } from './definition.js';

/**
 * @typedef {import('./definition.js').Definition} Definition
 * @typedef {{id: string, slug: string, name: string, status: string, version: number, rejectReason: string|null,
 *   definition: Definition}} Assistant
 */

/** Somebody else saved after this page read it. */
export class Overtaken extends Error {
  /** @param {string} message who saved what @param {Assistant} latest @param {number} known */
  constructor(message, latest, known) {
    super(message);
    this.latest = latest;
    this.known = known;
  }
}

/** @param {string} id */
export const address = (id) => `/api/assistants/${encodeURIComponent(id)}`;

/**
 * @param {Assistant|null} known as it was read or saved last
 * @param {Definition} definition
 * @param {number} [over] the version that it may pass over, which stays as one before; else the known one
 * @returns {Promise<Assistant>} raises `Overtaken`
 */
export async function save(known, definition, over = known?.version) {
  if (!known) return call('POST', '/api/assistants', cleaned(definition));
  try {
    return await call('PUT', address(known.id), cleaned(definition), { 'If-Match': `"${over}"` });
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'version_conflict') throw error;
    throw new Overtaken(error.message, await call('GET', address(known.id)), known.version);
  }
}
