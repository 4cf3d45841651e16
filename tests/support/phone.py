"""What a page costs a mid-range phone: round trips, bytes and processor time, whatever the machine of the tests does."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page

from tests.support.main_thread import recording

#: WebPageTest's "4G Fast": what a phone has in most of a town.
ROUND_TRIP_MS = 85
BITS_PER_MS = 9_000
#: How much slower a mid-range phone computes than a developer's machine, as Lighthouse reckons.
SLOWER = 4
#: Connect and TLS 1.3, before the first request.
CONNECTING = 2
#: As browsers open to one host over HTTP/1.1; over HTTP/2 there is no such limit.
CONNECTIONS = 6


@dataclass(frozen=True, slots=True)
class Cost:
    """The first visit of a page: `round_trips` one after the other, bytes as sent, the main thread's milliseconds."""

    round_trips: int
    size: float
    cpu_ms: float

    @property
    def interactive_ms(self) -> float:
        """When such a phone has loaded all, run all modules and is done with every task: nothing overlaps in this sum."""
        waiting = (CONNECTING + self.round_trips) * ROUND_TRIP_MS
        return waiting + self.size * 8 / BITS_PER_MS + self.cpu_ms * SLOWER


async def first_visit(browser: Browser, page: Page, path: str) -> Cost:
    """What `path` costs with nothing cached, once the network rests."""
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[float] = []
    depths: dict[str, int] = {}
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    session.on("Network.requestWillBeSent", lambda event: _note(depths, event))
    async with recording(browser, page) as recorded:
        await page.goto(path, wait_until="networkidle")
    await session.detach()
    rounds = sum(math.ceil(count / CONNECTIONS) for count in Counter(depths.values()).values())
    return Cost(rounds, sum(sizes), sum(task.cpu_ms for task in recorded.tasks))


def _note(depths: dict[str, int], event: dict[str, Any]) -> None:
    """A request comes one round trip after what asked for it."""
    asked_by = event["initiator"].get("url", "")
    depths.setdefault(event["request"]["url"], depths.get(asked_by, 0) + 1)
