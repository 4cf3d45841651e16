"""What a client is told when the upstream misbehaves in the middle of its answer."""

from __future__ import annotations

import asyncio
import re

import msgspec

from bench.faults import Fault
from bench.sample import Told
from bench.script import STAMP, Script
from bench.target import Target

TOKENS = 12
_RATE = 50
_LIMIT_SECONDS = 60.0

_OUR_END = re.compile(rb"event: execution\.finished\ndata: (\{.*?\})\n")
_OUR_WARNING = b"event: warning\n"
#: An error object as a chat-completions provider and as the AI SDK put one into a stream.
_ERROR = re.compile(rb'data: \{"(?:error"|type":"error")')
_DONE = b"data: [DONE]"


class Answer(msgspec.Struct, frozen=True):
    """All that came; `whole` if the body ended as HTTP says it must."""

    status: int
    body: bytes
    whole: bool

    @property
    def tokens(self) -> int:
        return len(STAMP.findall(self.body))


class _End(msgspec.Struct):
    status: str
    code: str | None = None


async def fault(target: Target, kind: Fault) -> Told:
    """One answer with one fault, until it ends or the limit is over."""
    request = target.request(Script(TOKENS, rate=_RATE, fault=kind.value))
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            answer = await _ask(target.port, request)
    except TimeoutError:
        return Told(target.name, kind, f"nothing within {_LIMIT_SECONDS:.0f} s", explicit=False)
    words, explicit = judged(answer)
    return Told(target.name, kind, words, explicit=explicit)


def judged(answer: Answer) -> tuple[str, bool]:
    """What the client learns, and whether that is an explicit word about the fault."""
    if answer.status != 200:
        return f"status {answer.status}", True
    if ends := _OUR_END.findall(answer.body):
        return _by_our_end(msgspec.json.decode(ends[-1], type=_End), answer)
    if _ERROR.search(answer.body):
        return "error event" if answer.whole else "error event, then cut", True
    if not answer.whole:
        return "cut", False
    how = "success" if _DONE in answer.body else "end without a word"
    return f"**silent {how}**, {answer.tokens} of {TOKENS} tokens", False


def _by_our_end(end: _End, answer: Answer) -> tuple[str, bool]:
    if end.status != "completed":
        return f"`{end.status}`: `{end.code}`", True
    if _OUR_WARNING in answer.body:
        return f"`completed` with a `warning`, {answer.tokens} of {TOKENS} tokens", True
    return f"**silent success**, {answer.tokens} of {TOKENS} tokens", False


async def _ask(port: int, request: str) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = b""
    try:
        writer.write(request.encode())
        while not _ended(received) and (more := await reader.read(65536)):
            received += more
    except ConnectionError:
        # A reset is as good a cut as any other.
        pass
    finally:
        writer.close()
    status = int(received.split(b" ", 2)[1]) if received.startswith(b"HTTP/1.1 ") else 0
    return Answer(status, received, _ended(received))


def _ended(received: bytes) -> bool:
    """Whether the last chunk is there, or a body whose length was told."""
    head, _, body = received.partition(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        return len(body) >= int(length[1])
    return body.endswith(b"0\r\n\r\n")
