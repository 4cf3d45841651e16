"""A model service over HTTP that answers chat completions well, badly or not at all, as a test wants.

The mode is the model's id, or a path segment before `/v1` (`base_url_for`): `fault-<name>` as in
`fault_modes.MODES`, a status as in `fault-503`, `fault-429-after-2`, `fault-500-times-2`; every other model gives
the answer registered with `script`, or "one two three". What follows a `+` in a model's id only tells its calls apart.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import msgspec

from tests.support.fault_exchange import Exchange
from tests.support.fault_modes import MODES, error_json


class Answer(msgspec.Struct, frozen=True):
    """A good answer: a delta for each text, `delay` seconds before each one and `first_delay` before the first."""

    texts: tuple[str, ...] = ("one ", "two ", "three")
    delay: float = 0.0
    first_delay: float = 0.0
    reasoning: tuple[str, ...] = ()
    finish: str | None = "stop"
    usage: tuple[int, int] | None = (3, 3)


class Recorded(msgspec.Struct, frozen=True):
    """One request as it came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))


_STATUS = re.compile(r"fault-([1-5]\d\d)(?:-after-(\w+)|-times-(\d+))?")


class FaultUpstream:
    """`async with FaultUpstream() as upstream:` serves on a free loopback port.

    `requests`: all that came, in order. `hits`: how many by mode. `open_streams`: answers under way whose client is
    still there; `open_by_model`: the same for each model. `most_open`: the most there were at once. `entered` is
    set once a request has come. `on_event(mode, index)` is awaited before each event of a
    good answer. `drip_seconds` paces the dripping modes, `redirect_to` is where 3xx answers point.
    """

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.hits: Counter[str] = Counter()
        self.open_streams = 0
        self.open_by_model: Counter[str] = Counter()
        self.most_open = 0
        self.connections = 0
        self.answers: dict[str, Answer] = {}
        self.on_event: Callable[[str, int], Awaitable[None]] | None = None
        self.drip_seconds = 0.4
        self.redirect_to = "http://127.0.0.1:9/elsewhere"
        self._tasks: set[asyncio.Task[None]] = set()
        self.entered = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def base_url_for(self, mode: str) -> str:
        """A base URL under which every model is in this mode."""
        return f"http://127.0.0.1:{self.port}/{mode}/v1"

    def script(self, model: str, answer: Answer) -> None:
        self.answers[model] = answer

    async def closed(self, within: float = 1.0) -> float:
        """Wait until no answer is under way; return the seconds it took. Fails after `within` seconds."""
        began = time.monotonic()
        async with asyncio.timeout(within):
            await self._idle.wait()
        return time.monotonic() - began

    async def __aenter__(self) -> FaultUpstream:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=32 * 1024 * 1024)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._serve(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        first = b""
        while True:
            request = await _read_request(reader, first, connection)
            self.requests.append(request)
            exchange = Exchange(writer, self.drip_seconds)
            first = await self._answer_while_there(reader, request, exchange)
            if exchange.closing:
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return

    async def _answer_while_there(self, reader: asyncio.StreamReader, request: Recorded, exchange: Exchange) -> bytes:
        """Answer, but stop the moment the client goes. Returns the first byte of a next request."""
        self._entered(request.model)
        answering = asyncio.create_task(self._answer(request, exchange))
        watching = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({answering, watching}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done() and not watching.result():
                raise ConnectionResetError
            await answering
        finally:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            self._left(request.model)
        if exchange.closing:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            return b""
        return await watching

    def _entered(self, model: str) -> None:
        self.open_streams += 1
        self.open_by_model[model] += 1
        self.most_open = max(self.most_open, self.open_streams)
        self._idle.clear()
        self.entered.set()

    def _left(self, model: str) -> None:
        self.open_streams -= 1
        self.open_by_model[model] -= 1
        if self.open_streams == 0:
            self._idle.set()

    async def _answer(self, request: Recorded, exchange: Exchange) -> None:
        path_mode = request.path.split("/")[1]
        mode = request.model if path_mode == "v1" else path_mode
        self.hits[mode] += 1
        if status := _STATUS.fullmatch(mode):
            await self._answer_status(mode, status, exchange)
        elif mode.startswith("fault-"):
            await MODES[mode.removeprefix("fault-")](exchange)
        else:
            await self._answer_well(mode, exchange)

    async def _answer_status(self, mode: str, found: re.Match[str], exchange: Exchange) -> None:
        status, after, times = int(found[1]), found[2], found[3]
        if times is not None and self.hits[mode] > int(times):
            await self._answer_well(mode, exchange)
            return
        headers = {"Content-Type": "application/json"}
        if after is not None:
            said = {"date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2)), "garbage": "soon"}
            headers["Retry-After"] = said.get(after, after)
        if 300 <= status < 400:
            headers["Location"] = self.redirect_to
        await exchange.whole(status, headers, error_json("server_error"))

    async def _answer_well(self, mode: str, exchange: Exchange) -> None:
        answer = self.answers.get(mode.partition("+")[0], Answer())
        await asyncio.sleep(answer.first_delay)
        await exchange.head()
        await exchange.chunk({"role": "assistant", "content": ""})
        deltas = [{"reasoning_content": text} for text in answer.reasoning]
        deltas += [{"content": text} for text in answer.texts]
        for index, delta in enumerate(deltas):
            await asyncio.sleep(answer.delay)
            if self.on_event is not None:
                await self.on_event(mode, index)
            await exchange.chunk(delta)
        if answer.finish is not None:
            await exchange.chunk({}, answer.finish)
        if answer.usage is not None:
            await exchange.usage(*answer.usage)
        await exchange.done()


async def _read_request(reader: asyncio.StreamReader, first: bytes, connection: int) -> Recorded:
    head = first + await reader.readuntil(b"\r\n\r\n")
    request_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(request_line.split(" ")[1], headers, json.loads(body or b"{}"), connection)
