// @ts-check
/** A word that goes away by itself. */

const SHOWN_MS = 5000;

/** @param {string} text @param {'good'|'bad'|''} [kind] */
export function toast(text, kind = '') {
  const place = document.getElementById('toasts');
  if (!place) return;
  const note = document.createElement('p');
  note.className = `notice ${kind}`;
  note.append(text);
  place.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
