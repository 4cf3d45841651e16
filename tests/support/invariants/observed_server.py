"""A command of `assistant-architect` with a probe on its event loop: `python -m tests.support.invariants.observed_server serve`.

The product knows nothing of it: the loop is observed from the moment it is made. For every byte that comes over the
socket whose descriptor is in the variable `OBSERVER`, a line of JSON (`Reading`) goes back. Its clock is ahead by the
seconds in `CLOCK_AHEAD`, if there are any.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading

import msgspec
import uvloop

from app.cli import main
from lib.streaming.clock import SystemClock
from tests.support.invariants.loop_probe import LoopProbe

CHANNEL = "OBSERVER"
CLOCK_AHEAD = "CLOCK_AHEAD"
ANSWER_SECONDS = 10.0


def observe_loops(probe: LoopProbe) -> None:
    make = uvloop.new_event_loop

    def observed() -> asyncio.AbstractEventLoop:
        loop = make()
        loop.call_soon(probe.begin, loop)
        return loop

    uvloop.new_event_loop = observed  # type: ignore[assignment]


def answer(probe: LoopProbe, channel: socket.socket) -> None:
    while channel.recv(1):
        channel.sendall(msgspec.json.encode(probe.read_from_another_thread(ANSWER_SECONDS)) + b"\n")


def set_clock_ahead(seconds: float) -> None:
    right = SystemClock.now_ms

    def wrong(clock: SystemClock) -> int:
        return right(clock) + round(seconds * 1000)

    SystemClock.now_ms = wrong  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    set_clock_ahead(float(os.environ.pop(CLOCK_AHEAD, "0")))
    observer = LoopProbe()
    observe_loops(observer)
    observed_from = socket.socket(fileno=int(os.environ.pop(CHANNEL)))
    threading.Thread(target=answer, args=(observer, observed_from), daemon=True).start()
    main(sys.argv[1:], prog_name="assistant-architect")
