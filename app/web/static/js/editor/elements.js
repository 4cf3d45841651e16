// @ts-check
/** Elements, made as nodes: what an author writes never becomes markup. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string|number|boolean|null|undefined>} [attributes] false, null and undefined leave one out
 * @param {...(Node|string|null|undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((one) => one !== null && one !== undefined));
  return element;
}

/** One of the icons that the page brought. @param {string} name */
export function icon(name) {
  const bag = /** @type {HTMLTemplateElement|null} */ (document.getElementById('icons'));
  const found = bag?.content.querySelector(`[data-icon="${name}"] svg`);
  return found ? found.cloneNode(true) : document.createTextNode('');
}

/** @param {string} name icon @param {string} label @param {() => void} act @param {Record<string, string>} [more] */
export function iconButton(name, label, act, more = {}) {
  const button = make('button', { type: 'button', class: 'button quiet icon-only', 'aria-label': label, title: label, ...more }, icon(name));
  button.addEventListener('click', act);
  return button;
}

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export const at = (id) => /** @type {T} */ (document.getElementById(id));

/** Said to those who listen to the page. @param {string} text */
export function announce(text) {
  at('announcer').textContent = text;
}

let count = 0;
/** An id no other element of the page has. @param {string} stem */
export const freshId = (stem) => `${stem}-${++count}`;
