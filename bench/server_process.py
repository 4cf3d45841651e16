"""A server under measurement: started on one core, waited for, ended for certain."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class StartFailed(Exception):
    """The server ended or did not listen in time; the message has the end of its log."""


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started inside inherits the one core; threads it makes later do too."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def running(
    command: Sequence[str], port: int, *, core: int | None, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[int]:
    """Start a server, yield its pid once it listens on `port`, end it (SIGTERM, then SIGKILL)."""
    with _log_file(log) as output, on_core(core):
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    try:
        await _listening(process, port, log)
        yield process.pid
    finally:
        await _end(process)


async def _listening(process: Process, port: int, log: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_SECONDS
    while not await _accepts(port):
        if process.returncode is not None or loop.time() > deadline:
            raise StartFailed(f"nothing listens on port {port}; the end of {log.name}:\n{_end_of(log)}")
        await asyncio.sleep(0.05)


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _log_file(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
