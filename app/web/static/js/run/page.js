// @ts-check
/** Parts of the page that templates promise. */

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @template {HTMLElement} [T=HTMLElement] @param {ParentNode} place @param {string} selector @returns {T} */
export const within = (place, selector) => /** @type {T} */ (place.querySelector(selector));

/** @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {unknown} error */
export const said = (error) => (error instanceof Error ? error.message : String(error));
