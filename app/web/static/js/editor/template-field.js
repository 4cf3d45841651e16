// @ts-check
/** A text area for templates: its text drawn in colour behind it, line numbers, problems at their lines, completion. */
import { Completion } from './completion.js';
import { freshId, make } from './elements.js';
import { tokens } from './tokens.js';

/**
 * @typedef {import('./names.js').KnownName} KnownName
 * @typedef {import('./checks.js').Trouble} Trouble
 */

/** Beyond this the text is shown plain: colours would cost more than a key press may. */
const MAX_COLOURED = 60_000;

export class TemplateField {
  /**
   * @param {{label: string, path: string, hint?: string, needed?: boolean, rows?: number}} wording
   * @param {string} value
   * @param {() => KnownName[]} names
   * @param {(value: string) => void} take
   */
  constructor(wording, value, names, take) {
    const id = freshId('template');
    this.names = names;
    /** @type {Trouble[]} */
    this.troubles = [];
    this.mirror = make('pre', { class: 'mirror', 'aria-hidden': 'true' });
    this.area = make('textarea', {
      id, rows: wording.rows ?? 6, spellcheck: 'false', autocapitalize: 'off', 'aria-describedby': `${id}-hint ${id}-problems`,
      'aria-autocomplete': 'list', 'aria-haspopup': 'listbox',
    });
    this.area.value = value;
    this.box = make('div', { class: 'template-box' }, this.mirror, this.area);
    this.list = make('ul', { class: 'line-problems', id: `${id}-problems` });
    this.element = make('div', { class: 'field wide-field template', 'data-path': wording.path },
      make('label', { for: id, class: wording.needed && 'needed' }, wording.label), this.box,
      make('small', { id: `${id}-hint` }, wording.hint ?? ''), this.list);
    this.completion = new Completion(this);
    this.area.addEventListener('input', () => {
      take(this.area.value);
      this.draw();
    });
    this.area.addEventListener('scroll', () => { this.mirror.scrollTop = this.area.scrollTop; });
    this.draw();
  }

  /** What is known here may have changed since. */
  draw() {
    const text = this.area.value;
    const isPlain = text.length > MAX_COLOURED;
    this.box.classList.toggle('plain', isPlain);
    if (isPlain) {
      this.mirror.replaceChildren();
      return;
    }
    const known = new Set(this.names().map((one) => one.name));
    /** @type {Map<number, string>} */
    const worst = new Map();
    for (const one of this.troubles) if (one.line && worst.get(one.line) !== 'error') worst.set(one.line, one.severity ?? 'error');
    this.mirror.replaceChildren(...lines(text, known).map((pieces, index) =>
      make('div', { class: 'line', 'data-severity': worst.get(index + 1) }, ...pieces)));
    this.mirror.scrollTop = this.area.scrollTop;
  }

  /** @param {Trouble[]} troubles */
  tell(troubles) {
    this.troubles = troubles;
    const isWrong = troubles.some((one) => one.severity !== 'warning');
    if (isWrong) this.area.setAttribute('aria-invalid', 'true');
    else this.area.removeAttribute('aria-invalid');
    this.list.replaceChildren(...troubles.map((one) => make('li', { 'data-severity': one.severity ?? 'error' }, this.pointer(one))));
    this.draw();
  }

  /** @param {Trouble} trouble */
  pointer(trouble) {
    const button = make('button', { type: 'button', title: 'Go to the line' }, worded(trouble));
    button.addEventListener('click', () => this.go(trouble.line ?? 1, trouble.column ?? 1));
    return button;
  }

  /** @param {number} line from 1 @param {number} column from 1 */
  go(line, column) {
    const rows = this.area.value.split('\n');
    const start = rows.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
    const from = start + Math.min(column - 1, rows[line - 1]?.length ?? 0);
    this.area.focus();
    this.area.setSelectionRange(from, from);
  }

  /** Replaces a stretch as if it were typed, so that it can be undone. @param {number} start @param {number} end @param {string} text */
  type(start, end, text) {
    this.area.setSelectionRange(start, end);
    // The only way that keeps the history of undo; where it is gone, the value is set.
    if (!document.execCommand('insertText', false, text)) {
      this.area.setRangeText(text, start, end, 'end');
      this.area.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }

  /** Where a character is drawn, relative to the box. @param {number} offset */
  spot(offset) {
    const box = this.box.getBoundingClientRect();
    const rows = this.area.value.slice(0, offset).split('\n');
    const line = this.mirror.children[rows.length - 1];
    if (!line) return { left: 0, top: box.height };
    const range = document.createRange();
    const rect = caretIn(range, line, rows[rows.length - 1].length);
    return { left: rect.left - box.left, top: rect.bottom - box.top };
  }
}

/** @param {Trouble} trouble */
function worded({ line, message }) {
  return line && !/^line \d/i.test(message) ? `Line ${line}: ${message}` : message;
}

/** Each line as its pieces. @param {string} text @param {Set<string>} known @returns {(Node|string)[][]} */
function lines(text, known) {
  /** @type {(Node|string)[][]} */
  const found = [[]];
  for (const token of tokens(text)) {
    const rows = token.text.split('\n');
    rows.forEach((row, index) => {
      if (index) found.push([]);
      if (row) found[found.length - 1].push(piece(token.kind, row, known));
    });
  }
  return found;
}

/** @param {string} kind @param {string} text @param {Set<string>} known */
function piece(kind, text, known) {
  if (kind === 'text') return text;
  const what = kind === 'name' ? (known.has(text) ? 'known' : 'unknown') : kind;
  return make('span', { class: `token-${what}` }, text);
}

/** @param {Range} range @param {Element} line @param {number} column */
function caretIn(range, line, column) {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  let left = column;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0;
    if (left <= length) {
      range.setStart(node, left);
      range.collapse(true);
      const rect = range.getClientRects()[0];
      if (rect) return rect;
      break;
    }
    left -= length;
  }
  return line.getBoundingClientRect();
}
