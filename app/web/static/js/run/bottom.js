// @ts-check
/** Follows the end of the page, but only for a reader who is there. */

const NEAR = 48;
const LEAVING_KEYS = ['PageUp', 'Home', 'ArrowUp'];

export class Bottom {
  /** @param {HTMLElement} jump the button that leads to the end */
  constructor(jump) {
    this.jump = jump;
    this.follows = true;
    this.lives = false;
    /** Whether there is text that was not followed yet. */
    this.isBehind = false;
    window.addEventListener('scroll', () => this._scrolled(), { passive: true });
    window.addEventListener('wheel', (event) => { if (event.deltaY < 0) this._leave(); }, { passive: true });
    window.addEventListener('touchmove', () => { if (this._distance() > NEAR) this._leave(); }, { passive: true });
    window.addEventListener('keydown', (event) => { if (LEAVING_KEYS.includes(event.key)) this._leave(); });
    jump.addEventListener('click', () => this._return());
  }

  /**
   * Text was added. What comes faster than it can be read is followed when all of it is there: what is never in sight
   * costs no layout.
   * @param {boolean} isBehind whether more has come already
   */
  grew(isBehind) {
    const wasBehind = this.isBehind;
    this.lives = true;
    this.isBehind = isBehind;
    if (!this.follows) this._offer();
    else if (wasBehind && !isBehind) requestAnimationFrame(() => this._catchUp());
    else if (!isBehind) this._toTheEnd();
  }

  /** In a frame of its own: a whole screen is laid out. */
  _catchUp() {
    if (this.follows) this._toTheEnd();
  }

  /** Nothing more comes. */
  rest() {
    this.lives = false;
    this._offer();
  }

  _distance() {
    const page = document.documentElement;
    return page.scrollHeight - page.clientHeight - window.scrollY;
  }

  _toTheEnd() {
    window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' });
  }

  _scrolled() {
    if (this._distance() <= NEAR) this.follows = true;
    this._offer();
  }

  _leave() {
    if (this._distance() > 0 || window.scrollY > 0) this.follows = false;
    this._offer();
  }

  _return() {
    this.follows = true;
    this._toTheEnd();
    this._offer();
  }

  _offer() {
    this.jump.hidden = this.follows || !this.lives || this._distance() <= NEAR;
  }
}
