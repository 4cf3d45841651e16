// @ts-check
/** Where the top-level blocks of a Markdown source begin and end; only the block phase runs, no inline parse. */
import { md } from './md.js';

/**
 * Offsets into the source. `body`: where the second line begins, the source's length if there is none.
 * `lastLine`: the text of the last line.
 * @typedef {{type: string, markup: string, start: number, end: number, lines: number, body: number, lastLine: string}} Block
 */

/** @param {string} source */
function lineStarts(source) {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  if (starts[starts.length - 1] !== source.length) starts.push(source.length);
  return starts;
}

/** @param {string} source @returns {Block[]} */
export function blocksOf(source) {
  /** @type {import('../../vendor/markdown-it.js').Token[]} */
  const tokens = [];
  md.block.parse(source, md, {}, tokens);
  const starts = lineStarts(source);
  const blocks = [];
  for (const { type, markup, level, nesting, map } of tokens) {
    if (level !== 0 || nesting < 0 || !map) continue;
    const [first, after] = map;
    const end = starts[Math.min(after, starts.length - 1)];
    blocks.push({
      type, markup, start: starts[first], end, lines: after - first,
      body: starts[first + 1] ?? source.length,
      lastLine: source.slice(starts[Math.max(after - 1, 0)], end).replace(/\n$/, ''),
    });
  }
  return blocks;
}

/** What closes a fence of this markup, as the start of a regular expression. @param {string} markup */
const closing = (markup) => ` {0,3}\\${markup[0]}{${markup.length},}[ \\t]*`;

/** The end of a fence within text that follows its first line. @param {string} markup */
export const fenceEnd = (markup) => new RegExp(`\\n${closing(markup)}(\\n|$)`);

/** Whether it is a fence that nothing has closed yet. @param {Block|undefined} block */
export function isOpenFence(block) {
  if (!block || block.type !== 'fence') return false;
  return block.lines < 2 || !new RegExp(`^${closing(block.markup)}$`).test(block.lastLine);
}

/**
 * How much of the source nothing that follows can change: up to the last block that is followed by a blank line and
 * by two more blocks. 0 if nothing is.
 * @param {string} source @param {Block[]} blocks
 */
export function settledLength(source, blocks) {
  for (let at = blocks.length - 3; at >= 0; at -= 1) {
    const next = blocks[at + 1];
    const apart = next.start > blocks[at].end || /\n[ \t]*\n$/.test(source.slice(blocks[at].start, next.start));
    if (apart) return next.start;
  }
  return 0;
}
