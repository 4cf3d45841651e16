// @ts-check
/** The server's time, so that elapsed times and countdowns are right on a device whose clock is wrong. */

export class ServerClock {
  /**
   * @param {number} serverNowMs what the server's clock said
   * @param {number} [heardMs] when it was heard, on the page's clock; when the page came, unless told
   */
  constructor(serverNowMs, heardMs = pageCameMs()) {
    this.offset = serverNowMs - (performance.timeOrigin + heardMs);
  }

  /** Something the server wrote at this time has come: so late it is there at least. @param {number} serverMs */
  heard(serverMs) {
    this.offset = Math.max(this.offset, serverMs - (performance.timeOrigin + performance.now()));
  }

  /** Unix milliseconds. */
  now() {
    return performance.timeOrigin + performance.now() + this.offset;
  }
}

function pageCameMs() {
  const [navigation] = performance.getEntriesByType('navigation');
  return navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : performance.now();
}
