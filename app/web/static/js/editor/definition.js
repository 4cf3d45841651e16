// @ts-check
/** The definition of an assistant as the server takes it, and how its parts begin. */

/**
 * @typedef {{value: string, label?: string}} Choice
 * @typedef {{placeholder?: string, default?: string, maxLength?: number, rows?: number, choices?: Choice[],
 *   minSelections?: number, maxSelections?: number, accept?: string, maxSize?: number, multiple?: boolean}} Options
 * @typedef {{name: string, label?: string, type: string, required?: boolean, options?: Options}} Field
 * @typedef {{connect?: number, firstToken?: number, idle?: number, total?: number}} Timeouts
 * @typedef {{id: string, name: string, content: string, model: string, position?: number, system?: string,
 *   fallbackModels?: string[], inputMapping?: Record<string, string>, timeouts?: Timeouts, maxOutputTokens?: number,
 *   temperature?: number}} Prompt
 * @typedef {{name: string, description?: string, fields: Field[], prompts: Prompt[], onError?: string,
 *   onDisconnect?: string, timeoutSeconds?: number}} Definition
 */

export const FIELD_TYPES = [
  ['short_text', 'Short text'], ['long_text', 'Long text'], ['select', 'Choice'],
  ['multi_select', 'Several choices'], ['file_upload', 'File'],
];

/** @type {Record<string, (keyof Options)[]>} */
export const OPTIONS_OF = {
  short_text: ['placeholder', 'default', 'maxLength'],
  long_text: ['placeholder', 'default', 'maxLength', 'rows'],
  select: ['choices', 'placeholder', 'default'],
  multi_select: ['choices', 'minSelections', 'maxSelections'],
  file_upload: ['accept', 'maxSize', 'multiple'],
};

/** The server leaves out lists that are empty. @param {Definition} definition @returns {Definition} the same */
export const whole = (definition) => Object.assign(definition, { fields: definition.fields ?? [], prompts: definition.prompts ?? [] });

/** A name, numbered if it is taken. @param {string} stem @param {Iterable<string>} taken @param {string} [joint] */
export function firstFree(stem, taken, joint = '_') {
  const names = new Set(taken);
  if (!names.has(stem)) return stem;
  let number = 2;
  while (names.has(`${stem}${joint}${number}`)) number += 1;
  return `${stem}${joint}${number}`;
}

/** A prompt's name as others refer to it. @param {string} name */
export const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');

/** A label as the name of a field. @param {string} label */
export const fieldName = (label) => label.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '').slice(0, 40).replace(/_+$/, '');

/** @param {Definition} definition @returns {Field} */
export const newField = (definition) => ({
  name: firstFree('field', definition.fields.map((one) => one.name)), label: '', type: 'short_text', required: true, options: {},
});

/** @param {Definition} definition @param {string} model @returns {Prompt} */
export function newPrompt(definition, model) {
  const number = definition.prompts.length + 1;
  const last = Math.max(-1, ...definition.prompts.map((one) => one.position ?? 0));
  return {
    id: firstFree(`prompt-${number}`, definition.prompts.map((one) => one.id), '-'),
    name: firstFree(`Prompt ${number}`, definition.prompts.map((one) => one.name), ' '),
    content: '', model: definition.prompts.at(-1)?.model ?? model, position: last + 1,
  };
}

/** @param {string} model @returns {Definition} */
export function blank(model) {
  const definition = { name: '', description: '', fields: [], prompts: [], onError: 'stop', onDisconnect: 'grace:30' };
  return { ...definition, prompts: [newPrompt(definition, model)] };
}

/** What is sent: nothing that is empty, and of a field only the options its type has. @param {Definition} definition */
export function cleaned(definition) {
  const fields = definition.fields.map((field) => ({
    ...field, options: kept(field.options ?? {}, OPTIONS_OF[field.type] ?? Object.keys(field.options ?? {})),
  }));
  const prompts = definition.prompts.map((prompt) => ({
    ...kept(prompt, Object.keys(prompt)), name: prompt.name, content: prompt.content, model: prompt.model, position: prompt.position ?? 0,
    ...(prompt.timeouts ? { timeouts: kept(prompt.timeouts, Object.keys(prompt.timeouts)) } : {}),
  }));
  const { timeoutSeconds, ...rest } = definition;
  return { ...rest, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), fields, prompts };
}

/** @param {object} values @param {readonly string[]} names */
function kept(values, names) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) =>
    names.includes(name) && value !== undefined && value !== '' && value !== false));
}
