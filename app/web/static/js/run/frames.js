// @ts-check
/**
 * Work once a frame, in portions that a frame can hold; after work that took long, a pause of three times as long, so
 * that the page stays usable.
 */

const LEAST_PAUSE_MS = 16;
/** What a frame may take with its layout and paint: below the first the portion grows, above the second it shrinks. */
const QUICK_MS = 8;
const LONG_MS = 20;
const SMALLEST = 1024;
const LARGEST = 16_384;

export class Frames {
  /**
   * @param {(most: number) => {isShown: boolean, isBehind: boolean}} work given how many characters at most; says whether
   *   it showed anything, so that it has to be asked again, and whether it left something for later
   */
  constructor(work) {
    this.work = work;
    this.planned = false;
    this.more = false;
    this.isBehind = false;
    /** Whether something came while a frame was under way. */
    this.asked = false;
    this.free = 0;
    this.portion = SMALLEST;
    this.painted = new MessageChannel();
    this.begun = 0;
    this.painted.port1.onmessage = () => this._painted();
  }

  /** There is something to do. */
  plan() {
    this.asked = this.planned;
    if (this.planned) return;
    this.planned = true;
    const wait = this.free - performance.now();
    if (wait > LEAST_PAUSE_MS) setTimeout(() => this._onFrame(), wait - LEAST_PAUSE_MS);
    else this._onFrame();
  }

  /** A hidden page has no frames, but its text goes on. */
  _onFrame() {
    if (document.hidden) setTimeout(() => this._run(), LEAST_PAUSE_MS);
    else requestAnimationFrame(() => this._run());
  }

  _run() {
    this.begun = performance.now();
    this.asked = false;
    ({ isShown: this.more, isBehind: this.isBehind } = this.work(this.portion));
    const now = performance.now();
    this.free = now + Math.max(LEAST_PAUSE_MS, 3 * (now - this.begun));
    // Its turn comes when the frame is laid out and painted.
    this.painted.port2.postMessage(0);
  }

  _painted() {
    const took = performance.now() - this.begun;
    // What comes next may come in sight, and costs layout and paint.
    if (!this.isBehind) this.portion = SMALLEST;
    else if (took > LONG_MS) this.portion = Math.max(SMALLEST, this.portion / 2);
    else if (took < QUICK_MS) this.portion = Math.min(LARGEST, this.portion * 2);
    this.planned = false;
    if (this.more || this.asked) this.plan();
  }
}
