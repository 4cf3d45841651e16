// @ts-check
/** What was filled into an assistant's form, checked as far as that can be done here. */

/** @typedef {{path: string, message: string}} FieldProblem */

/** @param {HTMLElement} field */
const controls = (field) => /** @type {HTMLInputElement[]} */ ([...field.querySelectorAll('input[name], textarea[name], select[name]')]);

/** Characters as the server counts them. @param {string} text */
export const characters = (text) => [...text].length;

/** @param {HTMLFormElement} form */
export const fieldsOf = (form) => /** @type {HTMLElement[]} */ ([...form.querySelectorAll('[data-field]')]);

/** @param {HTMLElement} field */
function chosen(field) {
  return controls(field).filter((box) => box.checked).map((box) => box.value);
}

/** @param {HTMLElement} field */
const files = (field) => [...controls(field)[0].files ?? []];

/** What was given in an earlier run and is to stay. @param {HTMLElement} field */
function kept(field) {
  const box = field.querySelector('[data-keep]');
  return box instanceof HTMLInputElement && box.checked && field.dataset.kept ? JSON.parse(field.dataset.kept) : undefined;
}

/** @param {HTMLElement} field */
async function valueOf(field) {
  const [control] = controls(field);
  switch (field.dataset.type) {
    case 'multi_select': return chosen(field);
    case 'file_upload': {
      const read = await Promise.all(files(field).map(async (file) => ({ name: file.name, content: await file.text() })));
      if (!read.length) return kept(field);
      return control.multiple ? read : read[0];
    }
    default: return control.value;
  }
}

/** @param {HTMLFormElement} form @returns {Promise<Record<string, unknown>>} */
export async function read(form) {
  /** @type {Record<string, unknown>} */
  const inputs = {};
  for (const field of fieldsOf(form)) {
    const value = await valueOf(field);
    if (value !== undefined) inputs[field.dataset.field ?? ''] = value;
  }
  return inputs;
}

/** @param {HTMLElement} field @returns {string} what is wrong with it, in words; empty if nothing is */
export function problemOf(field) {
  const label = field.dataset.label ?? '';
  const needed = field.dataset.required !== undefined;
  const most = field.dataset.max === undefined ? Infinity : Number(field.dataset.max);
  if (field.dataset.type === 'multi_select') return choiceProblem(field, needed, most);
  if (field.dataset.type === 'file_upload') return fileProblem(field, needed, most);
  const { value } = controls(field)[0];
  if (needed && !value.trim()) return field.dataset.type === 'select' ? `Choose “${label}”.` : `Fill in “${label}”.`;
  const over = characters(value) - most;
  return over > 0 ? `${over} characters too many; ${most} are allowed.` : '';
}

/** @param {HTMLElement} field @param {boolean} needed @param {number} most */
function choiceProblem(field, needed, most) {
  const count = chosen(field).length;
  const least = Math.max(Number(field.dataset.min ?? 0), needed ? 1 : 0);
  if (count < least && (needed || count > 0)) return `Choose at least ${least}.`;
  return count > most ? `Choose at most ${most}; ${count} are chosen.` : '';
}

/** @param {HTMLElement} field @param {boolean} needed @param {number} most */
function fileProblem(field, needed, most) {
  const given = files(field);
  if (!given.length) return needed && kept(field) === undefined ? `Choose a file for “${field.dataset.label}”.` : '';
  const { accept } = controls(field)[0];
  for (const { name, size } of given) {
    if (!accepted(name, accept)) return `“${name}” is not one of ${accept}.`;
    if (size > most) return `“${name}” has ${size.toLocaleString('en')} bytes; ${most.toLocaleString('en')} are allowed.`;
  }
  return '';
}

/** As the server judges: a media type in the list lets every name in. @param {string} name @param {string} accept */
function accepted(name, accept) {
  const wanted = accept.split(',').map((one) => one.trim().toLowerCase()).filter(Boolean);
  return !wanted.length || wanted.some((one) => !one.startsWith('.') || name.toLowerCase().endsWith(one));
}
