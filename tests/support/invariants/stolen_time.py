"""What a machine that others use too keeps from this process."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

_THREADS = Path("/proc/self/task")
_MACHINE = Path("/proc/stat")
_JIFFIES = os.sysconf("SC_CLK_TCK")


class StolenTime:
    """Time from here on in which this process would have run and did not: its threads' turns, and the machine's own.

    A thread that has ended meanwhile counts nothing: what it waited for in all its life is not told apart any more.
    Where the kernel does not tell, all time in which the calling thread did not run.
    """

    def __init__(self) -> None:
        self._knows = _THREADS.exists()
        if self._knows:
            self._threads, self._machine = _waited_for_a_processor(), _taken_from_the_machine()
        else:
            self._idle = time.perf_counter() - time.thread_time()

    @property
    def seconds(self) -> float:
        if not self._knows:
            return time.perf_counter() - time.thread_time() - self._idle
        waits = _waited_for_a_processor()
        waited = sum(max(0, now - self._threads.get(thread, 0)) for thread, now in waits.items())
        return waited / 1e9 + _taken_from_the_machine() - self._machine


def _waited_for_a_processor() -> dict[str, int]:
    """By each thread in its life so far, in nanoseconds."""
    waits = {}
    for thread in os.scandir(_THREADS):
        # It may have ended meanwhile.
        with suppress(OSError):
            waits[thread.name] = int(_head(f"{thread.path}/schedstat").split()[1])
    return waits


def _taken_from_the_machine() -> float:
    """What the host of a virtual machine gave to others, added up over its processors, in seconds."""
    return int(_head(_MACHINE).partition(b"\n")[0].split()[8]) / _JIFFIES


def _head(path: str | Path) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 -- read hundreds of times a second
        return file.read(256)
