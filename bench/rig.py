"""The machine's other core: the fake upstream, the load client, and the questions put to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from bench.http_call import call
from bench.load import Load, LoadResult, nothing_came
from bench.postgres import postgres
from bench.script import Script
from bench.server_process import StartFailed, on_core
from bench.target import Place, Target, upstream
from bench.upstream_answer import Stats

_POLL_SECONDS = 0.02
_CLIENT_GRACE_SECONDS = 10.0


@contextlib.asynccontextmanager
async def open_rig(directory: Path, *, with_postgres: bool = False) -> AsyncIterator[Rig]:
    """Start what every measurement needs; `directory` takes logs and data. Without PostgreSQL there is none."""
    server_core, client_core = _cores()
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(upstream(client_core, directory))
        database = None
        if with_postgres:
            try:
                database = await stack.enter_async_context(postgres())
            except StartFailed as error:
                print(error, file=sys.stderr)
        yield Rig(Place(server_core, port, directory, database), client_core)


def _cores() -> tuple[int | None, int | None]:
    """Two cores of those we may use; without two there is no separation to speak of."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


class Rig(msgspec.Struct, frozen=True):
    """Where servers are, and the core of everything else."""

    place: Place
    client_core: int | None

    async def play(self, load: Load) -> LoadResult:
        """Run a load in a client process of its own; one that does not end in time has brought nothing."""
        with on_core(self.client_core):
            client = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.client",
                msgspec.json.encode(load).decode(),
                stdout=asyncio.subprocess.PIPE,
            )
        try:
            async with asyncio.timeout(load.deadline + _CLIENT_GRACE_SECONDS):
                output, _ = await client.communicate()
        except TimeoutError:
            return nothing_came(load, "the client did not end in time")
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
        return msgspec.json.decode(output, type=LoadResult)

    async def paced(self, target: Target, streams: int, seconds: float, rate: int, ramp: float) -> LoadResult:
        """`streams` at `rate` tokens a second each."""
        tokens = round(seconds * rate)
        return await self.play(
            Load(
                port=target.port,
                requests=[target.request(Script(tokens, rate))],
                streams=streams,
                tokens=tokens,
                ramp=ramp,
                server_pid=target.pid,
                database_pid=target.database_pid,
                deadline=3 * (seconds + ramp) + 5,
            )
        )

    async def stats(self) -> Stats:
        """What the upstream sees now."""
        return msgspec.json.decode(await call(self.place.upstream_port, "GET", "/stats"), type=Stats)

    async def release(self) -> None:
        """Let the upstream's held streams end."""
        await call(self.place.upstream_port, "POST", "/release")

    async def until_open(self, streams: int, seconds: float) -> None:
        """Return when exactly so many streams are open upstream; raise TimeoutError."""
        await self._until(lambda stats: stats.open == streams, seconds)

    async def closed_at(self, tag: str, seconds: float) -> int:
        """When the upstream lost the caller of a script (monotonic nanoseconds); raise TimeoutError."""
        stats = await self._until(lambda stats: tag in stats.closed, seconds)
        return stats.closed[tag]

    async def _until(self, so: Callable[[Stats], bool], seconds: float) -> Stats:
        async with asyncio.timeout(seconds):
            # The upstream is another process: asking again is the only way to know.
            while True:
                stats = await self.stats()
                if so(stats):
                    return stats
                await asyncio.sleep(_POLL_SECONDS)
