"""What an event loop says about itself, on a machine that others use too."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec

TICK_SECONDS = 0.01

_THREADS = Path("/proc/self/task")
_MACHINE = Path("/proc/stat")
_JIFFIES = os.sysconf("SC_CLK_TCK")


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
        self._stolen = 0.0

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
        self._stolen = stolen_seconds()
        self._due = time.perf_counter() + TICK_SECONDS
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        late = time.perf_counter() - self._due
        if late > self._usual_lag:
            late -= stolen_seconds() - self._stolen
            self._lag, self._usual_lag, _ = sorted((self._lag, self._usual_lag, late), reverse=True)
        self._arm()


def stolen_seconds() -> float:
    """Time so far in which this process would have run and did not: its threads' turns, and the machine's own.

    Where the kernel does not tell, all time in which this thread did not run.
    """
    if not _THREADS.exists():
        return time.perf_counter() - time.thread_time()
    return _waited_for_a_processor() + _taken_from_the_machine()


def _waited_for_a_processor() -> float:
    waited = 0
    for thread in os.scandir(_THREADS):
        try:
            waited += int(_head(f"{thread.path}/schedstat").split()[1])
        except OSError:
            continue  # The thread has ended meanwhile.
    return waited / 1e9


def _taken_from_the_machine() -> float:
    """What the host of a virtual machine gave to others, added up over its processors."""
    return int(_head(_MACHINE).partition(b"\n")[0].split()[8]) / _JIFFIES


def _head(path: str | Path) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 -- read hundreds of times a second
        return file.read(256)
