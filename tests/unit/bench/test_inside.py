from __future__ import annotations

import asyncio
import logging
import marshal
import time

from bench.inside.cpu_table import CpuProfile, Function, Stats
from bench.inside.memory_table import MemoryGrowth
from bench.inside.probe import SampleProbe
from bench.inside.rooms import room_of
from bench.inside.sample_table import CpuSamples
from lib.streaming.clock import rfc3339

OURS = rfc3339.__code__.co_filename
ASYNCIO, LOGGING = asyncio.__file__, logging.__file__


def _stats() -> Stats:
    mine: Function = (OURS, 46, "rfc3339")
    its: Function = (ASYNCIO, 1, "run")
    length: Function = ("~", 0, "<built-in method builtins.len>")
    execute: Function = ("~", 0, "<method 'execute' of 'sqlite3.Cursor' objects>")
    return {
        mine: (20, 20, 0.3, 0.6, {its: (20, 20, 0.3, 0.6)}),
        its: (10, 10, 0.1, 1.0, {}),
        length: (20, 20, 0.1, 0.1, {mine: (20, 20, 0.1, 0.1)}),
        execute: (10, 10, 0.2, 0.2, {mine: (10, 10, 0.2, 0.2)}),
    }


def test_a_file_belongs_to_a_room_of_ours_to_a_library_or_to_python() -> None:
    assert room_of(OURS) == "lib/streaming/clock"
    assert room_of(ASYNCIO) == "asyncio"
    assert room_of(LOGGING) == "Python"
    assert room_of("/somewhere/site-packages/aiohttp/client.py") == "aiohttp"
    assert room_of("<frozen importlib>") == "Python"


def test_c_functions_count_for_their_caller_but_for_those_of_great_libraries() -> None:
    profile = CpuProfile(plain=0.5, cpu=1.0, stats=_stats(), units=10, unit="token")
    rows = profile.rooms().splitlines()
    # Half of what the profile says, since the load costs half without it; 0.3 s are outside of all functions.
    assert "| lib/streaming/clock | 40.0% | 20000 | 2.0 |" in rows
    assert "| sqlite3 (C) | 20.0% | 10000 | 1.0 |" in rows
    assert "| event loop, kernel, other threads | 30.0% | 15000 | 0.0 |" in rows
    assert rows[-1] == "| in all |  | 50000 |  |"


def test_the_dearest_functions_are_ours_only_with_the_c_functions_they_call() -> None:
    rows = CpuProfile(plain=0.5, cpu=1.0, stats=_stats(), units=10, unit="token").dearest().splitlines()
    assert rows[2:] == ["| `lib/streaming/clock.py:46 rfc3339` | 60.0% | 60.0% | 2.00 |"]


def test_memory_is_told_by_stream_package_and_line() -> None:
    growth = MemoryGrowth([(OURS, 40, 20_480, 20), (ASYNCIO, 1, 10_240, 10)], streams=10)
    assert "| lib/streaming/clock | 2.00 | 2.0 |" in growth.rooms()
    assert "| in all | 3.00 |  |" in growth.rooms()
    assert growth.lines().splitlines()[2] == "| `lib/streaming/clock.py:40` | 2,048 | 2.0 |"


def test_samples_count_for_the_innermost_function_and_for_the_nearest_of_ours() -> None:
    mine, its = (OURS, 46, "rfc3339"), (ASYNCIO, 1, "run")
    samples = CpuSamples(plain=0.5, stacks=[((mine, its), 3), ((its, mine, its), 1)], units=10, unit="token")
    assert "| lib/streaming/clock | 75.0% | 37500 |" in samples.rooms()
    assert samples.rooms().splitlines()[-1] == "| in all |  | 50000 |"
    assert samples.dearest().splitlines()[2:] == ["| `lib/streaming/clock.py:46 rfc3339` | 75.0% | 100.0% |"]


def test_a_sample_is_taken_for_each_millisecond_that_the_process_works() -> None:
    probe = SampleProbe()
    probe.begin()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    stacks = marshal.loads(probe.end())
    this = test_a_sample_is_taken_for_each_millisecond_that_the_process_works.__code__
    assert (this.co_filename, this.co_firstlineno, this.co_name) in {stack[0] for stack, _ in stacks}
