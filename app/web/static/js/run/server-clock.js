// @ts-check
/** The server's time, so that elapsed times and countdowns are right on a device whose clock is wrong. */

export class ServerClock {
  /** @param {number} serverNowMs when the server made the page */
  constructor(serverNowMs) {
    const [navigation] = performance.getEntriesByType('navigation');
    const answered = navigation instanceof PerformanceNavigationTiming ? navigation.responseStart : performance.now();
    this.offset = serverNowMs - (performance.timeOrigin + answered);
  }

  /** Unix milliseconds. */
  now() {
    return performance.timeOrigin + performance.now() + this.offset;
  }
}
