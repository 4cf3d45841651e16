"""The four loads our server is looked into under."""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from bench.inside.cpu_table import CpuProfile
from bench.inside.memory_table import MemoryGrowth
from bench.inside.sample_table import CpuSamples
from bench.load import Load, LoadResult
from bench.metrics.idle import held_open
from bench.metrics.replay import RATE as REPLAY_RATE
from bench.metrics.streaming import shortfall, warm_up
from bench.ours import Ours
from bench.process_tree import cpu_seconds
from bench.rig import Rig
from bench.script import Script

#: Slow enough that a profiled server, which takes twice the time, keeps up.
PACED_STREAMS, PACED_RATE = 50, 20
_WRITTEN_SECONDS = 30.0

Cpu: TypeAlias = CpuProfile | CpuSamples
Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Ours]]


class Sizes(msgspec.Struct, frozen=True):
    """How much of each load; `probe`: what looks at its CPU, `cpu` (each call) or `samples`."""

    starts: int = 300
    paced_seconds: float = 5.0
    replay_clients: int = 500
    replay_events: int = 1000
    idle_streams: int = 200
    probe: str = "cpu"


class Probed(msgspec.Struct, frozen=True):
    """A server under a probe."""

    server: Ours
    kind: str
    file: Path

    def begin(self) -> None:
        os.kill(self.server.pid, signal.SIGUSR1)

    async def end(self) -> Any:
        """What the probe found."""
        self.file.unlink(missing_ok=True)
        os.kill(self.server.pid, signal.SIGUSR2)
        async with asyncio.timeout(_WRITTEN_SECONDS):
            # Another process writes it: looking again is the only way to know.
            while not self.file.exists():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return marshal.loads(self.file.read_bytes())


@contextlib.asynccontextmanager
async def probed(rig: Rig, serve: Serve, kind: str) -> AsyncIterator[Probed]:
    """A warm server of ours under a probe."""
    file = rig.place.directory / f"inside-{kind}.found"
    async with serve(rig.place, f"inside-{kind}", ("-m", "bench.inside.probe", kind, str(file), "serve")) as server:
        await warm_up(rig, server)
        yield Probed(server, kind, file)


async def start(rig: Rig, serve: Serve, sizes: Sizes) -> Cpu:
    """One execution after the other, one token each; a unit is a request."""
    async with probed(rig, serve, sizes.probe) as under:
        load = Load(
            port=under.server.port,
            requests=[under.server.request(Script(1))],
            streams=sizes.starts,
            tokens=1,
            one_by_one=True,
        )
        return await _profiled(under, lambda: rig.play(load), sizes.starts, "request")


async def paced(rig: Rig, serve: Serve, sizes: Sizes) -> Cpu:
    """Streams at a steady rate; a unit is a token."""
    async with probed(rig, serve, sizes.probe) as under:
        tokens = round(PACED_STREAMS * PACED_RATE * sizes.paced_seconds)
        return await _profiled(
            under,
            lambda: rig.paced(under.server, PACED_STREAMS, sizes.paced_seconds, PACED_RATE, 0.5),
            tokens,
            "token",
        )


async def replay(rig: Rig, serve: Serve, sizes: Sizes) -> Cpu:
    """Many come back at once to a live execution; a unit is a client."""
    async with probed(rig, serve, sizes.probe) as under:
        events, clients = sizes.replay_events, sizes.replay_clients
        execution = await under.server.start_unwatched(Script(events, rate=REPLAY_RATE, hold=True))
        await asyncio.sleep(events / REPLAY_RATE + 1.0)
        request = under.server.replay_request(execution)
        load = Load(
            port=under.server.port, requests=[request], streams=clients, tokens=events, leave_early=True, deadline=60
        )
        profile = await _profiled(under, lambda: rig.play(load), clients, "client")
        await rig.release()
        return profile


async def idle(rig: Rig, serve: Serve, sizes: Sizes) -> MemoryGrowth:
    """Streams that had one token and wait."""
    async with probed(rig, serve, "memory") as under:
        streams = sizes.idle_streams
        await held_open(rig, under.server, max(10, streams // 5), _nothing)
        under.begin()
        grown, result = await held_open(rig, under.server, streams, under.end)
        _complete(result)
        return MemoryGrowth(grown, streams)


async def _nothing() -> None: ...


async def _profiled(under: Probed, play: Callable[[], Awaitable[LoadResult]], units: int, unit: str) -> Cpu:
    """The load twice: as it is, for what it costs, and profiled, for where that goes."""
    before = cpu_seconds(under.server.pid)
    _complete(await play())
    plain = cpu_seconds(under.server.pid) - before
    under.begin()
    _complete(await play())
    found = await under.end()
    if under.kind == "samples":
        return CpuSamples(plain, found, units, unit)
    cpu, stats = found
    return CpuProfile(plain, cpu, stats, units, unit)


def _complete(result: LoadResult) -> None:
    if lacking := shortfall(result):
        print(f"Doubtful: {lacking}", file=sys.stderr)


LOADS: dict[str, Callable[[Rig, Serve, Sizes], Awaitable[Cpu | MemoryGrowth]]] = {
    "start": start,
    "paced": paced,
    "replay": replay,
    "idle": idle,
}


def names() -> Sequence[str]:
    return tuple(LOADS)
