"""One timer for thousands of paced streams: each sits in a slot of a wheel that turns once per interval."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

SLOT_SECONDS = 0.001

#: Sends one token; False when the stream has no more.
SendToken = Callable[[], bool]


class Wheel:
    """Calls every stream `rate` times a second, the streams spread evenly over the interval."""

    def __init__(self, rate: int) -> None:
        self._interval = 1 / rate
        slots = max(1, round(self._interval / SLOT_SECONDS))
        self._slots: list[list[SendToken]] = [[] for _ in range(slots)]
        self._next = 0
        self._filling = 0
        self._timer: asyncio.TimerHandle | None = None
        self._started = 0.0
        self._turned = 0

    def add(self, send: SendToken) -> None:
        """Take a stream; its first token comes within one interval."""
        # A stride that shares no factor with the slots spreads streams that come together over the whole interval.
        self._filling = (self._filling + 7) % len(self._slots)
        self._slots[self._filling].append(send)
        if self._timer is None:
            self._started, self._turned = asyncio.get_running_loop().time(), 0
            self._schedule()

    def _schedule(self) -> None:
        self._turned += 1
        due = self._started + self._turned * self._interval / len(self._slots)
        self._timer = asyncio.get_running_loop().call_at(due, self._turn)

    def _turn(self) -> None:
        slot = self._slots[self._next]
        if slot:
            slot[:] = [send for send in slot if send()]
        self._next = (self._next + 1) % len(self._slots)
        if any(self._slots):
            self._schedule()
        else:
            self._timer = None
