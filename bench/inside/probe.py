"""Our server under a probe: `python -m bench.inside.probe cpu|samples|memory <file> serve`.

SIGUSR1 begins a measurement, SIGUSR2 ends it and writes the file; the last one counts.
"""

from __future__ import annotations

import cProfile
import gc
import marshal
import signal
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Protocol

from app.cli import main

_SAMPLE_SECONDS = 0.001


class Probe(Protocol):
    """Begins, and ends with the bytes of what it found."""

    def begin(self) -> None: ...

    def end(self) -> bytes: ...


class CpuProbe:
    """Every call of the event loop's thread; beside it the CPU seconds of the whole process in the same time."""

    def __init__(self) -> None:
        self._profile = cProfile.Profile()
        self._cpu = 0.0

    def begin(self) -> None:
        self._profile = cProfile.Profile()
        self._cpu = time.process_time()
        self._profile.enable()

    def end(self) -> bytes:
        self._profile.disable()
        cpu = time.process_time() - self._cpu
        self._profile.create_stats()
        return marshal.dumps((cpu, self._profile.stats))


class SampleProbe:
    """Where the event loop's thread is after each millisecond of CPU time of the process.

    Statements on PostgreSQL run in greenlets, between which a profile of calls loses its way.
    """

    def __init__(self) -> None:
        self._found: Counter[tuple[tuple[str, int, str], ...]] = Counter()

    def begin(self) -> None:
        self._found.clear()
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _SAMPLE_SECONDS, _SAMPLE_SECONDS)

    def end(self) -> bytes:
        signal.setitimer(signal.ITIMER_PROF, 0)
        return marshal.dumps(list(self._found.items()))

    def _take(self, _: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append((code.co_filename, code.co_firstlineno, code.co_name))
            frame = frame.f_back
        self._found[tuple(stack)] += 1


class MemoryProbe:
    """What was allocated by Python since the beginning and is still there, by the line that asked for it."""

    def __init__(self) -> None:
        tracemalloc.start()
        self._before = tracemalloc.take_snapshot()

    def begin(self) -> None:
        gc.collect()
        self._before = tracemalloc.take_snapshot()

    def end(self) -> bytes:
        gc.collect()
        after = tracemalloc.take_snapshot()
        grown = [
            (line.traceback[0].filename, line.traceback[0].lineno, line.size_diff, line.count_diff)
            for line in after.compare_to(self._before, "lineno")
        ]
        return marshal.dumps(grown)


PROBES: dict[str, Callable[[], Probe]] = {"cpu": CpuProbe, "samples": SampleProbe, "memory": MemoryProbe}


def listen_for_signals(probe: Probe, file: Path) -> None:
    """Let the two signals run the probe."""

    def begin(_: int, __: FrameType | None) -> None:
        probe.begin()

    def end(_: int, __: FrameType | None) -> None:
        # Whoever waits for the file must not see half of it.
        half = file.with_suffix(".half")
        half.write_bytes(probe.end())
        half.rename(file)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)


if __name__ == "__main__":
    _, kind, target, *arguments = sys.argv
    listen_for_signals(PROBES[kind](), Path(target))
    main(arguments, prog_name="assistant-architect")
