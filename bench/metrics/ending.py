"""How soon the upstream connection is closed when nobody wants the answer any more."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from collections.abc import Awaitable, Callable

from bench.ours import Ours
from bench.rig import Rig
from bench.sample import Metric, Sample
from bench.script import STAMP, Script
from bench.target import Target

_TRIES = 10
_NEVER_SECONDS = 5.0
_EXECUTION_ID = re.compile(rb"\r\nx-execution-id: ([0-9a-f-]+)\r\n", re.IGNORECASE)

#: Ends one stream, given what was read of it and its writer.
End = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


async def leaving(rig: Rig, target: Target, tries: int = _TRIES) -> list[Sample]:
    """The client closes its connection."""

    async def leave(_read: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return await _both(rig, target, leave, tries, Metric.LEAVE_STREAMING, Metric.LEAVE_SILENT)


async def stopping(rig: Rig, target: Ours, tries: int = _TRIES) -> list[Sample]:
    """The user asks for a stop over another connection."""

    async def stop(read: bytes, _writer: asyncio.StreamWriter) -> None:
        if not (found := _EXECUTION_ID.search(read)):
            raise ValueError(f"no X-Execution-Id in {read[:300]!r}")
        await target.cancel(found[1].decode())

    return await _both(rig, target, stop, tries, Metric.STOP_STREAMING, Metric.STOP_SILENT)


async def _both(rig: Rig, target: Target, end: End, tries: int, streaming: Metric, silent: Metric) -> list[Sample]:
    scripts = {streaming: Script(100_000, rate=50), silent: Script(1, hold=True)}
    return [await _median(rig, target, end, tries, metric, script) for metric, script in scripts.items()]


async def _median(rig: Rig, target: Target, end: End, tries: int, metric: Metric, script: Script) -> Sample:
    try:
        times = [await _one(rig, target, end, script) for _ in range(tries)]
    except TimeoutError:
        return Sample(metric, target.name, _NEVER_SECONDS * 1000, "never closed")
    return Sample(metric, target.name, statistics.median(times))


async def _one(rig: Rig, target: Target, end: End, script: Script) -> float:
    """Milliseconds from the end asked for to the upstream's connection lost."""
    tag = f"t{time.monotonic_ns()}"
    tagged = Script(script.tokens, script.rate, script.hold, tag=tag)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        writer.write(target.request(tagged).encode())
        read = await _first_token(reader)
        asked = time.monotonic_ns()
        await end(read, writer)
        return (await rig.closed_at(tag, _NEVER_SECONDS) - asked) / 1e6
    finally:
        writer.close()


async def _first_token(reader: asyncio.StreamReader) -> bytes:
    read = b""
    async with asyncio.timeout(_NEVER_SECONDS):
        while not STAMP.search(read):
            if not (more := await reader.read(65536)):
                raise ValueError(f"the stream ended before its first token: {read[-500:]!r}")
            read += more
    return read
