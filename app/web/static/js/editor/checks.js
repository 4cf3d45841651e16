// @ts-check
/** What the server says of a definition: its problems while one types, and its prompts as they would be sent. */
import { call, Problem } from '../api.js';
import { cleaned } from './definition.js';

/**
 * @typedef {{path: string, message: string, code?: string, severity?: 'error'|'warning', line?: number, column?: number}} Trouble
 * @typedef {{promptId: string, name: string, position: number, model: string, names: string[],
 *   messages: {role: string, content: string}[], characters: number, estimatedTokens: number, estimatedCost?: string|null,
 *   problem: string|null}} PromptPreview
 * @typedef {{prompts: PromptPreview[], characters: number, estimatedTokens: number, estimatedCost: string|null}} Preview
 * @typedef {import('./definition.js').Definition} Definition
 */

const PAUSE_MS = 350;

/** A server from before these routes, or a proxy that hides them. @param {unknown} error */
const isAbsent = (error) => error instanceof Problem && (error.status === 404 || error.status === 405);

/** Asks once typing pauses; an answer about what has changed since is dropped. */
export class Checker {
  /** @param {() => Definition} definition @param {(problems: Trouble[]) => void} tell */
  constructor(definition, tell) {
    this.definition = definition;
    this.tell = tell;
    this.asked = 0;
    this.works = true;
  }

  /** @param {number} [pause] milliseconds */
  soon(pause = PAUSE_MS) {
    clearTimeout(this.timer);
    this.asked += 1;
    if (this.works) this.timer = setTimeout(() => this.ask(), pause);
  }

  async ask() {
    const number = ++this.asked;
    try {
      const answer = await call('POST', '/api/assistants/check', { definition: cleaned(this.definition()) });
      if (number === this.asked) this.tell(answer.problems.map(withLine));
    } catch (error) {
      if (isAbsent(error)) this.works = false;
      else if (number === this.asked && error instanceof Problem && error.errors.length) this.tell(error.errors.map(withLine));
      // Anything else passes: the next change asks again, and saving tells.
    }
  }
}

/** @param {unknown} error @returns {Trouble[]} */
export const troublesOf = (error) => (error instanceof Problem ? error.errors.map(withLine) : []);

/** Messages of templates begin with their line. @param {Trouble} trouble @returns {Trouble} */
function withLine(trouble) {
  const line = trouble.line ?? Number(/^[Ll]ine (\d+)\b/.exec(trouble.message)?.[1] ?? 0);
  return line ? { ...trouble, line } : trouble;
}

/**
 * @param {Definition} definition @param {Record<string, unknown>} inputs @param {string} savedId '' if never saved
 * @returns {Promise<Preview>}
 */
export async function preview(definition, inputs, savedId) {
  try {
    return await call('POST', '/api/assistants/preview', { definition: cleaned(definition), inputs });
  } catch (error) {
    if (!isAbsent(error) || !savedId) throw error;
    return call('POST', `/api/assistants/${encodeURIComponent(savedId)}/preview`, { inputs });
  }
}
