// @ts-check
/**
 * Markdown as it is written: blocks that are complete are rendered once, only the tail is rendered again.
 * After any piece the document shows what rendering everything so far would show.
 */
import { blocksOf, fenceEnd, isOpenFence, settledLength } from './blocks.js';
import { closed, rendered } from './md.js';

/** A tail longer than this, in characters, is shown as plain text until it ends: rendering it would take too long. */
const PLAIN_OVER = 32_768;
/** The longest line that could close a fence and still lie in two pieces. */
const LOOK_BACK = 256;
/** Blocks of one part: with each piece the browser looks at every child of the answer, so these must stay few. */
const PART_BLOCKS = 20;
const DEFINES_A_LINK = /^ {0,3}\[[^\]\n]+\]:/m;
const BLANK_LINE = /\n[ \t]*\n/;

/**
 * Whether a block has no margin above it. Margins do not collapse across the edge of a part, so that only such a block
 * stands as well at the head of one. @param {Element} block
 */
function isFlush(block) {
  let first = block;
  while (/^(UL|OL|LI|BLOCKQUOTE)$/.test(first.tagName) && first.firstElementChild) first = first.firstElementChild;
  return !/^H[1-6]$/.test(first.tagName);
}

/** @typedef {(fragment: DocumentFragment) => void} Decorate given what will not change any more, before it is shown */

export class MarkdownStream {
  /** @param {HTMLElement} root @param {Decorate} [decorate] */
  constructor(root, decorate = () => {}) {
    this.root = root;
    this.decorate = decorate;
    /** All text that was given. */
    this.text = '';
    this.sawCr = false;
    /** The end of it, which is still changing. */
    this.source = '';
    this.tail = document.createElement('div');
    this.tail.className = 'md-tail';
    root.append(this.tail);
    /** Where settled blocks go until it is full. @type {HTMLElement|null} */
    this.part = null;
    /** Full parts that were not shown yet. @type {HTMLElement[]} */
    this.full = [];
    /** Whether what comes next comes more than a screen away from what is seen. */
    this.isFar = false;
    this.sight = new IntersectionObserver((seen) => { this.isFar = seen.every((one) => !one.isIntersecting); }, { rootMargin: '100% 0px' });
    this.sight.observe(this.tail);
    /** The open fence that text goes into as it is. @type {{node: Text, window: string, end: RegExp}|null} */
    this.fence = null;
    /** The tail as plain text. @type {{node: Text, window: string, parsed: number}|null} */
    this.plain = null;
  }

  /** @param {string} piece */
  append(piece) {
    if (!piece) return;
    const clean = this._normal(piece);
    if (!clean) return;
    this.text += clean;
    this.source += clean;
    if (this._goesIntoTheFence(clean) || this._staysPlain(clean)) return;
    this._renderTail();
  }

  /** As Markdown reads it; a CRLF cut in two is one line end. @param {string} piece */
  _normal(piece) {
    const whole = this.sawCr && piece[0] === '\n' ? piece.slice(1) : piece;
    this.sawCr = piece.endsWith('\r');
    return whole.replaceAll('\r\n', '\n').replaceAll('\r', '\n').replaceAll('\0', '\ufffd');
  }

  /** Nothing follows: the tail is rendered for good, and everything if links are defined somewhere in it. */
  end() {
    const all = DEFINES_A_LINK.test(this.text);
    const fragment = rendered(all ? this.text : this.source);
    this.decorate(fragment);
    if (all) {
      this.root.replaceChildren(this.tail);
      this.part = null;
      this.full = [];
    }
    this._keep(fragment);
    this.tail.remove();
    this.sight.disconnect();
    this.fence = this.plain = null;
  }

  /** @param {string} piece */
  _goesIntoTheFence(piece) {
    if (!this.fence) return false;
    this.fence.window = this.fence.window.slice(-LOOK_BACK) + piece;
    if (this.fence.end.test(this.fence.window)) {
      this.fence = null;
      return false;
    }
    this.fence.node.appendData(piece);
    return true;
  }

  /** Whether the tail is plain and need not be looked at again; a long one is looked at ever more rarely. @param {string} piece */
  _staysPlain(piece) {
    if (!this.plain) return false;
    this.plain.window += piece;
    const grown = this.source.length - this.plain.parsed;
    if (grown > this.plain.parsed / 8 && BLANK_LINE.test(this.plain.window)) return false;
    this.plain.node.appendData(piece);
    return true;
  }

  _renderTail() {
    let blocks = blocksOf(this.source);
    const settled = settledLength(this.source, blocks);
    if (settled) {
      this._settle(settled);
      blocks = blocksOf(this.source);
    }
    const last = blocks.at(-1);
    const open = isOpenFence(last);
    if (this.source.length > PLAIN_OVER && !open) return this._showPlain();
    this.plain = null;
    this.tail.replaceChildren(rendered(open ? this.source : closed(this.source)));
    if (open && last) this._openFence(last);
  }

  /** @param {number} length */
  _settle(length) {
    const fragment = rendered(this.source.slice(0, length));
    this.decorate(fragment);
    this._keep(fragment);
    this.source = this.source.slice(length);
  }

  /** The line end after a block stays with it. @param {DocumentFragment} fragment */
  _keep(fragment) {
    for (const part of this.full.splice(0)) part.classList.add('full');
    for (const node of [...fragment.childNodes]) {
      const full = (this.part?.childElementCount ?? 0) >= PART_BLOCKS;
      if (!this.part || (full && node instanceof Element && isFlush(node))) this.part = this._newPart();
      this.part.append(node);
    }
  }

  /** What is seen is laid out once before it may be left out of layout: nothing jumps, as its height is known by then. */
  _newPart() {
    if (this.part) this.full.push(this.part);
    const part = document.createElement('div');
    part.className = this.isFar ? 'md-part full' : 'md-part';
    this.tail.before(part);
    return part;
  }

  _showPlain() {
    const place = document.createElement('pre');
    place.className = 'md-plain';
    const node = document.createTextNode(this.source);
    place.append(node);
    this.tail.replaceChildren(place);
    this.plain = { node, window: this.source.slice(-LOOK_BACK), parsed: this.source.length };
  }

  /** What follows goes straight into the code, unless the fence is indented, whose lines lose their indent. @param {import('./blocks.js').Block} block */
  _openFence(block) {
    const code = [...this.tail.querySelectorAll('pre > code')].at(-1);
    const begins = this.source.indexOf('\n', block.start) !== -1 && this.source[block.start] !== ' ';
    if (!code || !begins) return;
    const body = this.source.slice(block.body);
    const node = document.createTextNode(body);
    code.replaceChildren(node);
    this.fence = { node, window: `\n${body}`, end: fenceEnd(block.markup) };
  }
}
