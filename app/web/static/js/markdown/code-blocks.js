// @ts-check
/** What complete code blocks get: colours, and a button that copies them. */
import { toast } from '../toast.js';
import { highlight } from './highlight.js';

/** Code gets its colours when it comes near: most of a long answer is never looked at. */
const sight = new IntersectionObserver((seen) => {
  for (const { isIntersecting, target } of seen) {
    if (!isIntersecting) continue;
    sight.unobserve(target);
    highlight(/** @type {HTMLElement} */ (target));
  }
}, { rootMargin: '200% 0px' });

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
    sight.observe(code);
  }
}
