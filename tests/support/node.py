"""A server as its own process: started, killed, started again on the same data."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]
API_KEY = "aa_live_" + "node"
READY_SECONDS = 30.0
POLL_SECONDS = 0.02


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Node:
    """`python -m app serve` in `data_dir`, or another command; settings as environment variables."""

    def __init__(self, data_dir: Path, *command: str, **environment: str) -> None:
        self.port = free_port()
        self._command = command or ("serve",)
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log_file = data_dir / "node.log"
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("AA_", "OPENAI_", "PYTHONDONTWRITE"))
            },
            "AA_DATA_DIR": str(data_dir),
            "AA_PORT": str(self.port),
            "AA_HEALTH_PORT": str(self.port),
            "AA_LOCAL_MODEL": "off",
            "AA_RATE_LIMIT_STARTS": "100000/minute",
            "AA_MAX_CONCURRENT_EXECUTIONS": "10000",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Return when it is ready to serve."""
        self._process = self._spawn()
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(READY_SECONDS):
                while not await self._is_ready(session):
                    assert self._process.poll() is None, f"the server ended:\n{self.log()}"
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            pytest.fail(f"the server was not ready after {READY_SECONDS} s:\n{self.log()[-4000:]}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "app", *self._command]
        with self._log_file.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.base_url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait)

    def log(self) -> str:
        return self._log_file.read_text(errors="replace")


@asynccontextmanager
async def running_node(data_dir: Path, **environment: str) -> AsyncIterator[Node]:
    """A node that is killed at the end, whatever state it is in."""
    node = Node(data_dir, **environment)
    await node.start()
    try:
        yield node
    finally:
        node.kill()
