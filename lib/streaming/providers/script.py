"""A scripted answer: what a made-up upstream does, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import msgspec

from lib.streaming.clock import Clock
from lib.streaming.resilience.failures import Phase, from_exception

#: Far beyond every clock of the engine.
FOR_EVER = 10 * 24 * 3600.0

STREAM_HEADERS: Mapping[str, str] = MappingProxyType({"content-type": "text/event-stream"})


class Wait(msgspec.Struct, frozen=True):
    seconds: float


class Cut(msgspec.Struct, frozen=True):
    """The connection breaks here."""


#: Bytes that one read brings, a wait, or a cut.
Step: TypeAlias = bytes | Wait | Cut


class Script(msgspec.Struct, frozen=True):
    """`refused`: no connection comes about (after `head_wait` seconds); else the head, then the body's steps."""

    steps: Iterable[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = STREAM_HEADERS
    body: bytes = b""
    head_wait: float = 0.0
    refused: OSError | None = None


class ScriptSource:
    """Plays the steps of a script as the reads of a body."""

    def __init__(self, steps: Iterable[Step], clock: Clock) -> None:
        self._steps = iter(steps)
        self._clock = clock

    async def read(self) -> bytes:
        for step in self._steps:
            match step:
                case Wait():
                    await self._clock.sleep(step.seconds)
                case Cut():
                    raise from_exception(ConnectionResetError(), Phase.ANSWERING)
                case bytes():
                    return step
        return b""
