"""A server as its own process: started, killed, started again on the same data."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from app.settings.model import DATABASE_FILE
from tests.support.fault_upstream import FaultUpstream
from tests.support.forked_process import ForkedProcess
from tests.support.invariants.loop_probe import Reading
from tests.support.invariants.watch import watched

READY_SECONDS = 30.0
POLL_SECONDS = 0.02


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Node:
    """A command of the server in `data_dir`; settings as environment variables. A `Subject` of the invariants.

    `upstream`: the model service it talks to. `secrets`: what it must tell nobody; `bodies`: what it answered, as far
    as a test wants that looked at.
    """

    name = "the node"

    def __init__(
        self,
        data_dir: Path,
        upstream: FaultUpstream | None = None,
        /,
        command: Sequence[str] = ("serve",),
        **environment: str,
    ) -> None:
        self.port = free_port()
        self._command = command
        self.serves = command[0] == "serve"
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.database_url = environment.get("AA_DATABASE_URL", f"sqlite:///{data_dir / DATABASE_FILE}")
        self.upstream = upstream
        asks_it = upstream is not None and environment.get("OPENAI_BASE_URL") == upstream.base_url
        self.control_model = "openai/control" if asks_it else "scripted/echo"
        self.secrets = [value for name, value in environment.items() if name.endswith("_KEY")]
        self.bodies = bytearray()
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
        self._process: ForkedProcess | None = None
        self._observer: socket.socket | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Return when it is ready to serve."""
        self._spawn()
        try:
            async with aiohttp.ClientSession() as session, asyncio.timeout(READY_SECONDS):
                while not await self._is_ready(session):
                    assert self._process is not None
                    assert self._process.runs, f"the server ended:\n{self.log()}"
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            pytest.fail(f"the server was not ready after {READY_SECONDS} s:\n{self.log()[-4000:]}")
        # What its loop did before it was ready kept nobody waiting.
        await self.reading()

    def _spawn(self) -> None:
        self._forget_observer()
        self._observer, theirs = socket.socketpair()
        self._observer.setblocking(False)
        with theirs, self._log_file.open("ab") as log:
            self._process = ForkedProcess(self._command, self._environment, log, theirs)

    def _forget_observer(self) -> None:
        if self._observer is not None:
            self._observer.close()
            self._observer = None

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
        self._forget_observer()

    def pause(self) -> None:
        """SIGSTOP: it does nothing until it is told to go on."""
        self.send(signal.SIGSTOP)

    async def go_on(self) -> None:
        """SIGCONT; the time that it could do nothing in was not its loop's doing."""
        self.send(signal.SIGCONT)
        await self.reading()

    def send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        code = await asyncio.to_thread(self._process.wait)
        self._forget_observer()
        return code

    def log(self) -> str:
        return self._log_file.read_text(errors="replace")

    # --- for the invariants -------------------------------------------------------------------------------------

    async def reading(self) -> Reading:
        assert self._observer is not None, "the node does not run"
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._observer, b"?")
        line = b""
        async with asyncio.timeout(READY_SECONDS):
            while not line.endswith(b"\n"):
                more = await loop.sock_recv(self._observer, 64 * 1024)
                assert more, "the node ended"
                line += more
        return msgspec.json.decode(line, type=Reading)

    async def warm(self) -> None:
        """Return when its providers have loaded what their first call would wait for."""
        while "warm-up" in (await self.reading()).tasks:  # noqa: ASYNC110 -- it tells nobody
            await asyncio.sleep(POLL_SECONDS)

    async def serve(self) -> None:
        if self._observer is None:
            await self.start()

    def told(self) -> dict[str, bytes]:
        return {"the log": self.log().encode(), "an answer": bytes(self.bodies)}


@asynccontextmanager
async def running_node(
    data_dir: Path, upstream: FaultUpstream | None = None, /, **environment: str
) -> AsyncIterator[Node]:
    """A node that keeps the invariants, and is killed at the end, whatever state it is in."""
    node = Node(data_dir, upstream, **environment)
    await node.start()
    try:
        async with watched(node):
            yield node
    finally:
        node.kill()
