"""What is measured: something that listens and turns a script into a streamed answer."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import msgspec

from bench.http_call import http_request
from bench.postgres import Postgres
from bench.script import Script
from bench.server_process import StartFailed, free_port, running

_E_SOURCE = Path(__file__).parent / "peers" / "e_ai_sdk.mjs"
_E_PACKAGES = ("ai@7", "@ai-sdk/openai-compatible@3")


class Target(Protocol):
    """A running server; `pid` is None where none stands between client and upstream.

    `database_pid` leads the processes of a database server that works for it.
    """

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def pid(self) -> int | None: ...

    @property
    def database_pid(self) -> int | None: ...

    def request(self, script: Script) -> str:
        """The whole HTTP request that makes it play a script."""


class Place(msgspec.Struct, frozen=True):
    """Where servers run and write: their core (None: any), the upstream's port, the directory for logs and data."""

    core: int | None
    upstream_port: int
    directory: Path
    postgres: Postgres | None = None


class Peer(msgspec.Struct, frozen=True):
    """A target that takes one plain JSON request; `chat` says which shape."""

    name: str
    port: int
    path: str
    pid: int | None = None
    chat: bool = False
    database_pid: int | None = None

    def request(self, script: Script) -> str:
        if not self.chat:
            return http_request("POST", self.path, {"prompt": script.text()})
        body = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": script.text()}]}
        return http_request("POST", self.path, body)


def direct(place: Place) -> Peer:
    """No server at all: the floor of the rig."""
    return Peer("direct", place.upstream_port, "/v1/chat/completions", chat=True)


@contextlib.asynccontextmanager
async def byte_pump(place: Place) -> AsyncIterator[Peer]:
    """Peer A."""
    async with _python_peer("bench.peers.a_byte_pump", place) as (port, pid):
        yield Peer("A", port, "/v1/chat/completions", pid, chat=True)


@contextlib.asynccontextmanager
async def fastapi(place: Place) -> AsyncIterator[Peer]:
    """Peer C."""
    async with _python_peer("bench.peers.c_fastapi", place) as (port, pid):
        yield Peer("C", port, "/chat", pid)


@contextlib.asynccontextmanager
async def ai_sdk(place: Place) -> AsyncIterator[Peer]:
    """Peer E; raises `StartFailed` where Node or the registry is missing."""
    home = _node_home(place.directory / "node")
    port = free_port()
    command = ["node", str(home / _E_SOURCE.name), str(port), str(place.upstream_port)]
    async with running(command, port, core=place.core, log=place.directory / "e_ai_sdk.log") as pid:
        yield Peer("E", port, "/", pid)


def _node_home(home: Path) -> Path:
    """A directory from which the AI SDK resolves; installed on first use, never committed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise StartFailed("node or npm is not on PATH")
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(_E_SOURCE, home)
    if not (home / "node_modules" / "ai").exists():
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), *_E_PACKAGES]
        if subprocess.run(install, check=False, timeout=300).returncode:
            raise StartFailed(f"npm could not install {' '.join(_E_PACKAGES)}")
    return home


@contextlib.asynccontextmanager
async def _python_peer(module: str, place: Place) -> AsyncIterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", module, str(port), str(place.upstream_port)]
    async with running(command, port, core=place.core, log=place.directory / f"{module}.log") as pid:
        yield port, pid


@contextlib.asynccontextmanager
async def upstream(core: int | None, directory: Path) -> AsyncIterator[int]:
    """The fake upstream; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.upstream", str(port)]
    async with running(command, port, core=core, log=directory / "upstream.log"):
        yield port
