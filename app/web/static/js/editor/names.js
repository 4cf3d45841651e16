// @ts-check
/** The names a prompt may use, as the server resolves them: mapping, fields, earlier prompts. */
import { slug } from './definition.js';

/**
 * @typedef {{name: string, kind: 'mapping'|'field'|'prompt', from: string}} KnownName
 * @typedef {import('./definition.js').Definition} Definition
 * @typedef {import('./definition.js').Prompt} Prompt
 */

/** Those that run before it, by position and then as written. @param {Definition} definition @param {Prompt} prompt */
export const before = (definition, prompt) => definition.prompts
  .filter((one) => (one.position ?? 0) < (prompt.position ?? 0))
  .sort((a, b) => (a.position ?? 0) - (b.position ?? 0));

/** The best names first: those a reader understands. @param {Definition} definition @param {Prompt} prompt */
export function knownNames(definition, prompt) {
  /** @type {Map<string, KnownName>} */
  const found = new Map();
  /** @param {string} name @param {KnownName['kind']} kind @param {string} from */
  const add = (name, kind, from) => { if (name && !found.has(name)) found.set(name, { name, kind, from }); };
  for (const [name, target] of Object.entries(prompt.inputMapping ?? {})) add(name, 'mapping', target);
  for (const field of definition.fields) add(field.name, 'field', field.label || 'field of the form');
  const earlier = before(definition, prompt);
  for (const other of [...earlier].reverse()) add(slug(other.name) || `prompt-${other.id}`, 'prompt', `output of ${other.name}`);
  earlier.forEach((other, number) => add(`prompt_${number}_output`, 'prompt', `output of ${other.name}`));
  earlier.forEach((other, number) => add(`result_${number + 1}`, 'prompt', `output of ${other.name}`));
  return [...found.values()];
}
