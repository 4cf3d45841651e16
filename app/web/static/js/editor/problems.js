// @ts-check
/** Each problem beside what has it; what belongs nowhere on the page is left over. */

/**
 * @typedef {import('./checks.js').Trouble} Trouble
 * @typedef {import('./template-field.js').TemplateField} TemplateField
 * @typedef {{root: HTMLElement, templates?: Record<string, TemplateField>}} Card `templates` by path within the card
 */

/** @param {HTMLElement} root */
export function clearProblems(root) {
  for (const spot of root.querySelectorAll('.error')) {
    spot.textContent = '';
    spot.removeAttribute('data-severity');
  }
  for (const one of root.querySelectorAll('[aria-invalid]')) one.removeAttribute('aria-invalid');
}

/**
 * @param {Card} card @param {Trouble[]} troubles their paths relative to the card
 * @returns {Trouble[]} those it has no place for
 */
export function showProblems(card, troubles) {
  for (const [path, template] of Object.entries(card.templates ?? {})) {
    template.tell(troubles.filter((one) => one.path === path));
  }
  return troubles.filter((one) => !(card.templates && one.path in card.templates) && !shown(card.root, one));
}

/** @param {HTMLElement} root @param {Trouble} trouble */
function shown(root, { path, message, severity = 'error' }) {
  const row = nearest(root, path);
  const spot = row?.querySelector(':scope > .error');
  if (!spot) return false;
  const words = spot.textContent;
  spot.textContent = words ? `${words} ${message}` : message;
  if (spot.getAttribute('data-severity') !== 'error') spot.setAttribute('data-severity', severity);
  if (severity === 'error') row?.querySelector(':scope > :is(input, select, textarea)')?.setAttribute('aria-invalid', 'true');
  return true;
}

/** The element of the path or of the longest part of it. @param {HTMLElement} root @param {string} path */
function nearest(root, path) {
  const rows = [...root.querySelectorAll('[data-path]')];
  for (let part = path; part; part = part.replace(/(\.|\[)?[^.[]*$/, '')) {
    const row = rows.find((one) => one.getAttribute('data-path') === part);
    if (row) return row;
  }
  return rows.find((one) => one.getAttribute('data-path') === 'name');
}

/** A path of the whole as the list it is in, the number there, and the rest. @param {string} path */
export function split(path) {
  const found = /^(fields|prompts)(?:\[(\d+)\])?\.?(.*)$/.exec(path);
  return found ? { list: found[1], index: found[2] === undefined ? -1 : Number(found[2]), rest: found[3] } : { list: '', index: -1, rest: path };
}
