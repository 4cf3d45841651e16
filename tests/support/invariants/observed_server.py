"""A command of `assistant-architect` with a probe on its event loop.

The product knows nothing of it: the loop is observed from the moment it is made. Its clock is ahead by the seconds in the
variable `CLOCK_AHEAD`, if there are any.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import uvloop

from app.cli import main
from lib.streaming.clock import SystemClock
from tests.support.invariants.loop_probe import LoopProbe

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


def run(arguments: Sequence[str], channel: int) -> NoReturn:
    """Run a command; for every byte that comes over the socket `channel`, a line of JSON (`Reading`) goes back.

    Raises SystemExit when it ends.
    """
    set_clock_ahead(float(os.environ.pop(CLOCK_AHEAD, "0")))
    observer = LoopProbe()
    observe_loops(observer)
    threading.Thread(target=answer, args=(observer, socket.socket(fileno=channel)), daemon=True).start()
    main(arguments, prog_name="assistant-architect")
    raise SystemExit(0)
