// @ts-check
/** The text of a prompt cut into what it is made of, for the eye. What is wrong with it the server tells. */

/** @typedef {{kind: 'text'|'mark'|'name'|'word'|'comment', text: string}} Token */

const PART = /\{#[\s\S]*?(?:#\}|$)|\{%[\s\S]*?(?:%\}|$)|\{\{[\s\S]*?(?:\}\}|$)|\$\{[\w-]+\}/g;
const RAW = /^\{%-?\s*raw\s*-?%\}$/;
const END_RAW = /\{%-?\s*endraw\s*-?%\}/g;
const INSIDE = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[.|]\s*[A-Za-z_][\w]*|\b(?:is)\s+(?:not\s+)?\w+|[A-Za-z_][\w-]*|\d[\w.]*|[\s\S]/g;
const LOOP = /\{%-?\s*for\s+([\w\s,]+?)\s+in\b/g;
const WORDS = new Set(['if', 'elif', 'else', 'endif', 'for', 'endfor', 'in', 'and', 'or', 'not', 'raw', 'endraw',
  'true', 'false', 'none', 'True', 'False', 'None', 'loop', 'is']);

/** @param {string} text @returns {Token[]} */
export function tokens(text) {
  const bound = new Set([...text.matchAll(LOOP)].flatMap((found) => found[1].split(/[\s,]+/)));
  /** @type {Token[]} */
  const found = [];
  let at = 0;
  PART.lastIndex = 0;
  for (let match = PART.exec(text); match; match = PART.exec(text)) {
    push(found, 'text', text.slice(at, match.index));
    part(found, match[0], bound);
    at = match.index + match[0].length;
    if (RAW.test(match[0])) {
      END_RAW.lastIndex = at;
      const end = END_RAW.exec(text)?.index ?? text.length;
      push(found, 'text', text.slice(at, end));
      at = end;
      PART.lastIndex = end;
    }
  }
  push(found, 'text', text.slice(at));
  return found;
}

/** @param {Token[]} found @param {Token['kind']} kind @param {string} text */
function push(found, kind, text) {
  if (text) found.push({ kind, text });
}

/** @param {Token[]} found @param {string} text one placeholder, tag or comment @param {Set<string>} bound names of loops */
function part(found, text, bound) {
  if (text.startsWith('{#')) return push(found, 'comment', text);
  push(found, 'mark', text.slice(0, 2));
  const isShut = /(?:\}\}|%\})$/.test(text) || text.startsWith('$');
  const closing = text.startsWith('$') ? 1 : isShut ? 2 : 0;
  const inner = text.slice(2, text.length - closing);
  if (text.startsWith('$')) push(found, 'name', inner);
  else inside(found, inner, bound, text.startsWith('{{'));
  return push(found, 'mark', closing ? text.slice(-closing) : '');
}

/** @param {Token[]} found @param {string} inner @param {Set<string>} bound @param {boolean} isOutput */
function inside(found, inner, bound, isOutput) {
  // A single word in a placeholder is a name, whatever the word.
  const single = isOutput && /^(\s*-?\s*)([\w-]+?)(\s*-?\s*)$/.exec(inner);
  if (single) {
    push(found, 'mark', single[1]);
    push(found, bound.has(single[2]) ? 'word' : 'name', single[2]);
    push(found, 'mark', single[3]);
    return;
  }
  for (const [piece] of inner.matchAll(INSIDE)) {
    const isName = /^[A-Za-z_]/.test(piece) && !/\s/.test(piece);
    const isLocal = WORDS.has(piece) || bound.has(piece);
    push(found, isName && !isLocal ? 'name' : /^[A-Za-z_.|]/.test(piece) ? 'word' : 'mark', piece);
  }
}

/**
 * What is being typed at the caret, if it is a name in a placeholder that is still open or just named.
 * @param {string} text @param {number} caret
 * @returns {{start: number, typed: string, close: string}|null} `close`: what a name needs after it
 */
export function typedName(text, caret) {
  const before = text.slice(Math.max(0, caret - 200), caret);
  const found = /(\$\{|\{\{-?\s*)([\w-]*)$/.exec(before);
  if (!found) return null;
  const isDollar = found[1] === '${';
  const rest = text.slice(caret, caret + 100);
  const isShut = isDollar ? /^[\w-]*\}/.test(rest) : /^[\w-]*\s*[}|]/.test(rest);
  return { start: caret - found[2].length, typed: found[2], close: isShut ? '' : isDollar ? '}' : ' }}' };
}
