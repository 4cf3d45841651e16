"""One answer of the fake upstream as it is played, and what all of them share."""

from __future__ import annotations

import asyncio
import time

import msgspec

from bench import faults
from bench.chat_wire import SSE_HEAD, ending, token
from bench.faults import Fault
from bench.pacing import Wheel
from bench.script import Script, stamp

_WORDS = (b"rain ", b"over ", b"the ", b"hills ", b"again ")


class Stats(msgspec.Struct):
    """`closed` maps a script's tag to the CLOCK_MONOTONIC nanosecond its connection went away unfinished."""

    open: int = 0
    started: int = 0
    finished: int = 0
    closed: dict[str, int] = {}


class Upstream:
    """What the connections share."""

    def __init__(self) -> None:
        self.stats = Stats()
        self.held: set[Stream] = set()
        self._wheels: dict[int, Wheel] = {}

    def wheel(self, rate: int) -> Wheel:
        return self._wheels.setdefault(rate, Wheel(rate))

    def release(self) -> None:
        for stream in list(self.held):
            stream.go_on()


class Stream:
    """One answer being played."""

    def __init__(self, upstream: Upstream, transport: asyncio.Transport, script: Script, *, usage: bool) -> None:
        self._upstream = upstream
        self._transport = transport
        self._script = script
        self._usage = usage
        self._fault = Fault(script.fault) if script.fault else None
        self._sent = 0
        self.over = False
        upstream.stats.open += 1
        upstream.stats.started += 1

    def begin(self) -> None:
        self._transport.write(SSE_HEAD)
        if self._script.gate:
            self._upstream.held.add(self)
        else:
            self._speak()

    def go_on(self) -> None:
        """After the release: the first token, or the end."""
        if self._sent:
            self.finish()
        else:
            self._upstream.held.discard(self)
            self._speak()

    def _speak(self) -> None:
        if self._script.rate:
            self._upstream.wheel(self._script.rate).add(self._next)
        else:
            self._burst()

    def _token(self) -> bytes:
        self._sent += 1
        return _WORDS[self._sent % len(_WORDS)] if self._script.words else stamp() + b" "

    def _next(self) -> bool:
        if self.over or self._misbehaved():
            return False
        if self._sent < self._script.tokens:
            self._transport.write(token(self._token()))
        return self._sent < self._script.tokens or self._settle()

    def _misbehaved(self) -> bool:
        """Whether the answer has just ended in its fault."""
        if self._fault is None or self._sent < self._script.tokens // 2:
            return False
        fault, self._fault = self._fault, None
        if faults.play(fault, self._transport, self._token()):
            return False
        self._leave()
        return True

    def _burst(self) -> None:
        # One write a token and a turn of the loop between two: as a provider without a pause, not as one big read.
        if self._next():
            asyncio.get_running_loop().call_soon(self._burst)

    def _settle(self) -> bool:
        if self._script.hold:
            self._upstream.held.add(self)
        else:
            self.finish()
        return False

    def finish(self) -> None:
        """End as a provider does: finish reason, usage if asked for, the done line."""
        self._transport.write(ending(self._sent, usage=self._usage))
        self._upstream.stats.finished += 1
        self._leave()

    def cut(self) -> None:
        """The caller went away."""
        if not self.over:
            self._upstream.stats.closed[self._script.tag] = time.monotonic_ns()
            self._leave()

    def _leave(self) -> None:
        self.over = True
        self._upstream.stats.open -= 1
        self._upstream.held.discard(self)
