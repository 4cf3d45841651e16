"""What an event loop says about itself, on a machine that others use too."""

from __future__ import annotations

import asyncio
import time

import msgspec

from tests.support.invariants.stolen_time import StolenTime

TICK_SECONDS = 0.01


class Reading(msgspec.Struct):
    """`lag` (seconds): the longest wait since the last reading; `tasks`: the names of those alive now.

    `usual_lag`: the longest wait but one. A machine may stumble once; what is slow in a server is slow again.
    """

    lag: float
    tasks: list[str]
    usual_lag: float = 0.0


class LoopProbe:
    """Asks its loop to be called every 10 ms and notes by how much it was called late.

    Time in which a thread of this process was ready and the machine ran something else is not counted: what other
    processes take is not the loop's doing. What counts is work on the loop, and waiting on it: for a file, a lock,
    another thread of ours.
    """

    def __init__(self) -> None:
        self._lag = 0.0
        self._usual_lag = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._stolen = StolenTime()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Call it on the loop, also to go on after `end`."""
        self._loop = loop
        self._arm()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def read(self) -> Reading:
        """Call it on the loop; the lag begins anew."""
        tasks = sorted(task.get_name() for task in asyncio.all_tasks(self._loop))
        reading = Reading(self._lag, tasks, self._usual_lag)
        self._lag = self._usual_lag = 0.0
        return reading

    async def _read(self) -> Reading:
        return self.read()

    def read_from_another_thread(self, max_wait: float) -> Reading:
        """Raises TimeoutError if the loop does not answer within `max_wait` seconds."""
        assert self._loop is not None, "the loop has not begun"
        return asyncio.run_coroutine_threadsafe(self._read(), self._loop).result(max_wait)

    def _arm(self) -> None:
        assert self._loop is not None
        self._stolen = StolenTime()
        self._due = time.perf_counter() + TICK_SECONDS
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        late = time.perf_counter() - self._due
        if late > self._usual_lag:
            late -= self._stolen.seconds
            self._lag, self._usual_lag, _ = sorted((self._lag, self._usual_lag, late), reverse=True)
        self._arm()
