// @ts-check
/** Work once a frame; after work that took long, a pause of three times as long, so that the page stays usable. */

const LEAST_MS = 16;

export class Frames {
  /** @param {() => boolean} work says whether there is more to do */
  constructor(work) {
    this.work = work;
    this.planned = false;
    this.free = 0;
  }

  /** There is something to do. */
  plan() {
    if (this.planned) return;
    this.planned = true;
    const wait = this.free - performance.now();
    if (wait > LEAST_MS) setTimeout(() => this._onFrame(), wait - LEAST_MS);
    else this._onFrame();
  }

  /** A hidden page has no frames, but its text goes on. */
  _onFrame() {
    if (document.hidden) setTimeout(() => this._run(), LEAST_MS);
    else requestAnimationFrame(() => this._run());
  }

  _run() {
    const begun = performance.now();
    const more = this.work();
    const took = performance.now() - begun;
    this.free = begun + took + Math.max(LEAST_MS, 3 * took);
    this.planned = false;
    if (more) this.plan();
  }
}
