"""Stop signals, sent to a real process."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Service:
    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    async def get(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        return reader, writer

    async def stopped(self) -> tuple[int | None, str, str]:
        """Exit code, standard output and standard error."""
        async with asyncio.timeout(10):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def service(work: float, window: float) -> AsyncIterator[Service]:
    command = (sys.executable, "-m", "tests.support.draining_app", str(work), str(window))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=ROOT)
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        running = Service(process, port)
        _, writer = await running.get("/readyz")
        writer.close()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_signal_ends_streams_runs_the_shutdown_and_exits_with_0(stop: signal.Signals) -> None:
    async with service(work=0, window=5) as running:
        streams = [await running.get("/events") for _ in range(5)]
        running.process.send_signal(stop)
        for reader, writer in streams:
            rest = await reader.read()
            assert b"event: server.draining\n" in rest
            assert rest.endswith(b"0\r\n\r\n")
            writer.close()
        assert await running.stopped() == (0, "shut down\n", "")


async def test_requests_are_answered_while_work_drains() -> None:
    async with service(work=0.6, window=5) as running:
        running.process.send_signal(signal.SIGTERM)
        answer = b""
        while not answer.endswith(b"draining"):
            reader, writer = await running.get("/readyz")
            answer = await reader.read(100)
            writer.close()
        assert await running.stopped() == (0, "shut down\n", "")


async def test_work_that_outlasts_the_window_is_left() -> None:
    async with service(work=60, window=0.2) as running:
        running.process.send_signal(signal.SIGTERM)
        code, out, err = await running.stopped()
        assert (code, out) == (0, "shut down\n")
        assert err == "the drain window is over: running work is left as it is\n"


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_the_waiting(second: signal.Signals) -> None:
    async with service(work=60, window=60) as running:
        reader, writer = await running.get("/events")
        running.process.send_signal(signal.SIGTERM)
        await reader.readuntil(b"event: server.draining\n")  # the drain has begun
        writer.close()
        running.process.send_signal(second)
        code, out, err = await running.stopped()
        assert (code, out) == (0, "shut down\n")
        assert err == "a second stop signal came: running work is left as it is\n"
