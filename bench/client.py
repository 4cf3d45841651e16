"""The load client: `python -m bench.client '<Load as JSON>'` prints a `LoadResult` as JSON."""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import time
from array import array

import msgspec
import uvloop

from bench.load import Load, LoadResult
from bench.process_tree import cpu_seconds
from bench.readings import Readings
from bench.stream_reader import StreamReader

_LAG_SECONDS = 0.02
#: A server may still have work of its own after the last byte; it counts.
_SETTLE_SECONDS = 0.3


class LoadClient:
    """Runs one load on the current event loop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = [request.encode() for request in load.requests]
        self._readings = Readings(load.streams, self._cpu, steady=load.steady)
        self._lags = array("q")
        self._open: set[StreamReader] = set()
        self._unstarted = load.streams
        self._done = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()

    async def run(self) -> LoadResult:
        """Open all streams, wait for their ends, report."""
        cpu, database_cpu, began = self._cpu(), self._database_cpu(), time.monotonic()
        watch = asyncio.get_running_loop().create_task(self._watch_lag())
        self._start_all()
        try:
            async with asyncio.timeout(self._load.deadline):
                await self._done.wait()
        except TimeoutError:
            self._abandon()
        seconds = time.monotonic() - began
        watch.cancel()
        await asyncio.sleep(_SETTLE_SECONDS)
        return self._readings.result(seconds, self._cpu() - cpu, self._lags, self._database_cpu() - database_cpu)

    def _start_all(self) -> None:
        if self._load.one_by_one:
            self._start()
            return
        loop = asyncio.get_running_loop()
        for index in range(self._load.streams):
            loop.call_later(self._load.ramp * index / self._load.streams, self._start)

    def _start(self) -> None:
        if self._unstarted:
            request = self._requests[self._unstarted % len(self._requests)]
            self._unstarted -= 1
            connecting = asyncio.get_running_loop().create_task(self._connect(request))
            self._connecting.add(connecting)
            connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, request: bytes) -> None:
        load = self._load
        reader = StreamReader(request, load.tokens, self._readings, self._ended, leave_early=load.leave_early)
        self._open.add(reader)
        try:
            await asyncio.get_running_loop().create_connection(lambda: reader, "127.0.0.1", load.port)
        except OSError as error:
            self._readings.refusal = repr(error)
            self._readings.missed(1)
            self._ended(reader)

    def _ended(self, reader: StreamReader) -> None:
        self._open.discard(reader)
        if self._load.one_by_one:
            self._start()
        if not self._open and not self._unstarted:
            self._done.set()

    def _abandon(self) -> None:
        self._readings.missed(self._unstarted)
        self._unstarted = 0
        for connecting in self._connecting:
            connecting.cancel()
        for reader in list(self._open):
            reader.leave()

    async def _watch_lag(self) -> None:
        while True:
            due = time.monotonic_ns() + int(_LAG_SECONDS * 1e9)
            await asyncio.sleep(_LAG_SECONDS)
            self._lags.append(time.monotonic_ns() - due)

    def _cpu(self) -> float:
        return cpu_seconds(self._load.server_pid) if self._load.server_pid else 0.0

    def _database_cpu(self) -> float:
        return cpu_seconds(self._load.database_pid) if self._load.database_pid else 0.0


async def play(load: Load) -> LoadResult:
    """Run a load in this process."""
    return await LoadClient(load).run()


def raise_file_limit() -> None:
    """Thousands of connections need more descriptors than the usual soft limit allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(argument: str) -> None:
    """Read the load, play it, print the result."""
    raise_file_limit()
    gc.disable()
    result = uvloop.run(play(msgspec.json.decode(argument, type=Load)))
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main(sys.argv[1])
