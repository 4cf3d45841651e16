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
    window.addEventListener('scroll', () => this._scrolled(), { passive: true });
    window.addEventListener('wheel', (event) => { if (event.deltaY < 0) this._leave(); }, { passive: true });
    window.addEventListener('touchmove', () => { if (this._distance() > NEAR) this._leave(); }, { passive: true });
    window.addEventListener('keydown', (event) => { if (LEAVING_KEYS.includes(event.key)) this._leave(); });
    jump.addEventListener('click', () => this._return());
  }

  /** Text was added. */
  grew() {
    this.lives = true;
    if (this.follows) this._toTheEnd();
    else this._offer();
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
