// @ts-check
/** The parts that the live view of a run fills, for a definition that has no page of its own. */
import { make } from './elements.js';

/**
 * @typedef {import('./definition.js').Definition} Definition
 * @typedef {Definition['prompts'][number]} Prompt
 */

/** @param {string} id of the execution @param {Definition} definition */
export function runFrame(id, definition) {
  const steps = stepsOf(definition);
  const count = definition.prompts.length;
  return make('section', { class: 'test-run', 'aria-label': 'Test run', 'data-name': definition.name },
    make('div', { class: 'run-bar' },
      make('span', { class: 'badge', id: 'badge', 'data-status': 'pending' }, 'Waiting'),
      make('span', { class: 'number small', id: 'elapsed' }),
      make('p', { class: 'run-state clip grow', id: 'state', role: 'status' }, 'Waiting …'),
      make('button', { type: 'button', class: 'button danger', id: 'stop' }, 'Stop'),
      make('progress', { class: 'run-progress', id: 'progress', max: count, value: 0, 'aria-label': 'Prompts done' })),
    make('p', { class: 'small muted', id: 'receipt', role: 'status' }),
    make('p', { class: 'small notice warn', id: 'connection', role: 'status' }),
    make('p', { class: 'notice bad', id: 'ending', hidden: true }),
    make('nav', { class: 'timeline', 'aria-label': 'Prompts of the test run' }, make('ol', {}, ...steps.map(rowsOf))),
    make('div', { class: 'outputs' }, ...steps.map(cardsOf)),
    make('p', { class: 'small' }, make('a', { href: `/runs/${encodeURIComponent(id)}`, target: '_blank', rel: 'noopener' }, 'Open this run on its own page')));
}

/** Prompts of one position run together. @param {Definition} definition @returns {Prompt[][]} */
function stepsOf({ prompts }) {
  const positions = [...new Set(prompts.map((one) => one.position ?? 0))].sort((a, b) => a - b);
  return positions.map((position) => prompts.filter((one) => (one.position ?? 0) === position));
}

/** @param {Prompt} prompt */
const anchor = (prompt) => `test-${prompt.id}`;

/** @param {Prompt[]} step */
function rowsOf(step) {
  return make('li', { class: step.length > 1 && 'together' }, ...step.map((prompt) =>
    make('a', { href: `#${encodeURIComponent(anchor(prompt))}`, class: 'stop', 'data-row': prompt.id, 'data-status': 'pending' },
      make('span', { class: 'dot', 'aria-hidden': 'true' }),
      make('span', { class: 'stop-name clip' }, prompt.name),
      make('span', { class: 'stop-state small' }, 'Waiting'),
      make('span', { class: 'stop-figures small muted number', 'data-figures': true }))));
}

/** @param {Prompt[]} step */
function cardsOf(step) {
  return make('div', { class: `step${step.length > 1 ? ' together' : ''}`, hidden: true }, ...step.map(cardOf));
}

/** @param {Prompt} prompt */
function cardOf(prompt) {
  return make('article', { class: 'prompt', id: anchor(prompt), 'data-prompt': prompt.id, 'data-name': prompt.name, 'data-status': 'pending', 'aria-label': prompt.name },
    make('header', {}, make('h3', {}, prompt.name), make('p', { class: 'small muted mono clip', 'data-model': true }, prompt.model)),
    make('p', { class: 'now small muted number', 'data-now': true }),
    make('div', { class: 'attempts', 'data-attempts': true }),
    make('details', { class: 'reasoning small', 'data-reasoning': true, hidden: true }, make('summary', {}, 'Reasoning'), make('div', { class: 'reasoning-text' })),
    make('div', { class: 'output md', 'data-output': true, role: 'log', 'aria-live': 'off', 'aria-busy': 'true', 'aria-label': `Answer of ${prompt.name}` }),
    make('div', { class: 'notes', 'data-notes': true }),
    make('footer', { 'data-foot': true }));
}
