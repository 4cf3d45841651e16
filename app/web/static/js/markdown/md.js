// @ts-check
/** The one dialect of Markdown: CommonMark with tables and strikethrough, no HTML, nothing loaded from elsewhere. */
import DOMPurify from '../../vendor/purify.js';
import MarkdownIt from '../../vendor/markdown-it.js';
import remend from '../../vendor/remend.js';

export const md = new MarkdownIt({ html: false, linkify: true });

// The content policy forbids style attributes: a column's alignment becomes a class.
for (const cell of ['th_open', 'td_open']) {
  md.renderer.rules[cell] = (tokens, index, options, env, self) => {
    const token = tokens[index];
    const align = /^text-align:(left|center|right)$/.exec(token.attrGet('style') ?? '');
    token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style');
    if (align) token.attrJoin('class', `align-${align[1]}`);
    return self.renderToken(tokens, index, options);
  };
}

// The corner of a table has no words and heads nothing: to a screen reader it is a cell.
for (const [edge, inside] of /** @type {const} */ ([['th_open', 1], ['th_close', -1]])) {
  const render = md.renderer.rules[edge] ?? ((tokens, index, options, env, self) => self.renderToken(tokens, index, options));
  md.renderer.rules[edge] = (tokens, index, ...rest) => {
    if (!tokens[index + inside].content.trim()) tokens[index].tag = 'td';
    return render(tokens, index, ...rest);
  };
}

// An image from elsewhere would tell its server who reads what: it is a link.
md.renderer.rules.image = (tokens, index) => {
  const { escapeHtml } = md.utils;
  const token = tokens[index];
  return `<a href="${escapeHtml(token.attrGet('src') ?? '')}">${escapeHtml(token.content || 'image')}</a>`;
};

DOMPurify.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName === 'A') {
    element.setAttribute('rel', 'noopener noreferrer nofollow');
    element.setAttribute('target', '_blank');
  }
  // What may scroll sideways can be reached by keyboard.
  if (element.tagName === 'PRE' || element.tagName === 'TABLE') element.setAttribute('tabindex', '0');
});

// Set once: to read it again takes as long as a short piece itself.
DOMPurify.setConfig({
  RETURN_DOM_FRAGMENT: true,
  FORBID_TAGS: ['style', 'form', 'input', 'img', 'svg', 'math', 'audio', 'video'],
  FORBID_ATTR: ['style', 'id', 'name'],
});

/** @param {string} html @returns {DocumentFragment} the same without anything that acts, loads or is found by name */
export const sanitize = (html) => DOMPurify.sanitize(html);

/** @param {string} source @returns {DocumentFragment} */
export const rendered = (source) => sanitize(md.render(source));

/** Closes emphasis, code and links that are written by half. @param {string} source */
export const closed = (source) => remend(source, { linkMode: 'text-only', images: false });
