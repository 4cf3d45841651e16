// @ts-check
/** The prompts as they would be sent, with their sizes. */
import { money } from '../money.js';
import { make } from './elements.js';

/**
 * @typedef {import('./checks.js').Preview} Preview
 * @typedef {import('./checks.js').PromptPreview} PromptPreview
 */

const whole = new Intl.NumberFormat('en');

/** @param {Preview} preview */
export function previewOf(preview) {
  return make('section', { class: 'stack', 'aria-label': 'Preview' },
    make('p', { class: 'muted small', role: 'status' }, `${sizes(preview.characters, preview.estimatedTokens, preview.estimatedCost)} in all, without the outputs of earlier prompts.`),
    ...preview.prompts.map(promptOf));
}

/** @param {number} characters @param {number} tokens @param {string|null|undefined} cost */
function sizes(characters, tokens, cost) {
  const parts = [`${whole.format(characters)} characters`, `about ${whole.format(tokens)} tokens`];
  if (cost !== undefined) parts.push(costWords(cost));
  return parts.join(', ');
}

/** @param {string|null} cost */
function costWords(cost) {
  if (cost === null) return 'cost unknown';
  return cost === '0' ? 'costs nothing' : `about ${money(cost)} to ask`;
}

/** @param {PromptPreview} prompt */
function promptOf(prompt) {
  return make('article', { class: 'stack tight' },
    make('div', { class: 'row apart' }, make('h3', {}, prompt.name), make('span', { class: 'muted small' }, prompt.model)),
    make('p', { class: 'muted small' }, sizes(prompt.characters, prompt.estimatedTokens, prompt.estimatedCost)),
    prompt.names.length ? make('p', { class: 'small' }, 'Uses ', ...prompt.names.flatMap((name) => [make('code', {}, name), ' '])) : null,
    prompt.problem ? make('p', { class: 'error' }, prompt.problem) : null,
    ...prompt.messages.map((message) => make('div', { class: 'stack tight' },
      make('span', { class: 'muted small' }, message.role),
      make('pre', { class: 'block', tabindex: '0', 'aria-label': `${prompt.name}, ${message.role}` }, message.content))));
}
