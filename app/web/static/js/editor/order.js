// @ts-check
/** The order of things: items of a list, and prompts by position, where those of one position run together. */

/** @typedef {import('./definition.js').Prompt} Prompt */

/**
 * The list with one item at another place.
 * @template T @param {readonly T[]} list @param {number} from @param {number} to @returns {T[]}
 */
export function moved(list, from, to) {
  const rest = list.filter((_, index) => index !== from);
  rest.splice(Math.max(0, Math.min(to, rest.length)), 0, list[from]);
  return rest;
}

/** Prompts by position, each step as written. @param {readonly Prompt[]} prompts @returns {Prompt[][]} */
export function steps(prompts) {
  const positions = [...new Set(prompts.map((one) => one.position ?? 0))].sort((a, b) => a - b);
  return positions.map((position) => prompts.filter((one) => (one.position ?? 0) === position));
}

/** The prompts in order, their positions counted from 0 without a gap. @param {readonly (readonly Prompt[])[]} chain */
export function numbered(chain) {
  const full = chain.filter((step) => step.length);
  full.forEach((step, position) => step.forEach((prompt) => { prompt.position = position; }));
  return full.flat();
}

/** @param {readonly Prompt[]} prompts @param {Prompt} prompt */
function without(prompts, prompt) {
  const chain = steps(prompts);
  const at = chain.findIndex((step) => step.includes(prompt));
  return { chain: chain.map((step) => step.filter((one) => one !== prompt)), at, alone: chain[at].length === 1 };
}

/**
 * One move towards the beginning: out of its step to one of its own before it, or, alone already, beside the prompts of
 * the step before. @param {readonly Prompt[]} prompts @param {Prompt} prompt
 */
export function earlier(prompts, prompt) {
  const { chain, at, alone } = without(prompts, prompt);
  if (!alone) chain.splice(at, 0, [prompt]);
  else if (at > 0) chain[at - 1].push(prompt);
  else chain[at].push(prompt);
  return numbered(chain);
}

/** One move towards the end; as `earlier`. @param {readonly Prompt[]} prompts @param {Prompt} prompt */
export function later(prompts, prompt) {
  const { chain, at, alone } = without(prompts, prompt);
  if (!alone) chain.splice(at + 1, 0, [prompt]);
  else if (at < chain.length - 1) chain[at + 1].unshift(prompt);
  else chain[at].push(prompt);
  return numbered(chain);
}

/** Among those of its step. @param {readonly Prompt[]} prompts @param {Prompt} prompt @param {-1|1} by */
export function aside(prompts, prompt, by) {
  return numbered(steps(prompts).map((step) => {
    const at = step.indexOf(prompt);
    return at < 0 ? step : moved(step, at, at + by);
  }));
}

/**
 * Dropped beside the prompts of a step, at `index` among them; or, without an index, as a step of its own before it.
 * @param {readonly Prompt[]} prompts @param {Prompt} prompt @param {{step: number, index?: number}} place
 */
export function dropped(prompts, prompt, { step, index }) {
  const chain = steps(prompts);
  const from = chain.findIndex((one) => one.includes(prompt));
  const before = chain[from].indexOf(prompt);
  chain[from] = chain[from].filter((one) => one !== prompt);
  if (index === undefined) chain.splice(step, 0, [prompt]);
  else chain[step].splice(step === from && before < index ? index - 1 : index, 0, prompt);
  return numbered(chain);
}

/** Where it stands, in words. @param {readonly Prompt[]} prompts @param {Prompt} prompt */
export function whereabouts(prompts, prompt) {
  const chain = steps(prompts);
  const at = chain.findIndex((step) => step.includes(prompt));
  const beside = chain[at].filter((one) => one !== prompt).map((one) => one.name);
  return `step ${at + 1} of ${chain.length}${beside.length ? `, beside ${beside.join(' and ')}` : ''}`;
}
