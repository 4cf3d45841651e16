// @ts-check
/** What complete code blocks get: colours, and a button that copies them. */
import { toast } from '../toast.js';
import { highlight } from './highlight.js';

/** @param {HTMLElement} code */
function copyButton(code) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button code-copy';
  button.append('Copy');
  button.setAttribute('aria-label', 'Copy code');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code.textContent ?? '');
    toast('Copied');
  });
  return button;
}

/** @param {DocumentFragment} fragment blocks that will not change any more */
export function decorate(fragment) {
  for (const code of fragment.querySelectorAll('pre > code')) {
    const pre = code.parentElement;
    if (!pre || !(code instanceof HTMLElement)) continue;
    const place = document.createElement('div');
    place.className = 'code';
    pre.replaceWith(place);
    place.append(pre, copyButton(code));
    highlight(code);
  }
}
