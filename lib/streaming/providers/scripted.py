"""A deterministic provider inside the process: for tests, demonstrations and platforms without a model.

Every answer goes through the same bytes-to-deltas path as a real one. Waits go through the injected clock.

| model | answer |
|---|---|
| `echo` | the last user message, three words a delta |
| `slow`, `slow-<ms>` | the same, with a wait of 200 or `<ms>` milliseconds before each delta |
| `long-<n>` | `word1 word2 … word<n>`, one word a delta, each delta a read of its own |
| `burst-<n>` | the same in a single read |
| `reasoning` | two deltas of reasoning, then as `echo` |
| `fault-<name>` | a failure or an oddity: the table in `scripted_faults` |

Usage counts words. `max_output_tokens` cuts an answer after as many words (`length`).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from lib.streaming.clock import Clock
from lib.streaming.errors import Severity, UpstreamFailure
from lib.streaming.ports.models import DeltaStream, ModelRequest
from lib.streaming.providers import wire_chunks as wire
from lib.streaming.providers.answer_stream import AnswerStream
from lib.streaming.providers.script import Script, ScriptSource, Step, Wait
from lib.streaming.providers.scripted_faults import fault_script
from lib.streaming.resilience.failures import Phase, from_exception, from_status
from lib.streaming.types import Role
from lib.streaming.upstream.head import check_head
from lib.streaming.upstream.stream_processor import StreamLimits, StreamProcessor

_WORD = re.compile(r"\s*\S+\s*|\s+")
_NUMBERED = re.compile(r"(slow|long|burst)-(\d{1,6})")
_DEFAULT_PAUSE = 0.2


class ScriptedProvider:
    """Answers without a network. `name` is how definitions address it; `limits` as for a real upstream."""

    def __init__(self, clock: Clock, *, name: str = "scripted", limits: StreamLimits | None = None) -> None:
        self._clock = clock
        self._name = name
        self._limits = limits
        self._calls: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return self._name

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        return self._open(request)

    async def close(self) -> None:
        return None

    @asynccontextmanager
    async def _open(self, request: ModelRequest) -> AsyncIterator[DeltaStream]:
        await asyncio.sleep(0)
        script = self._script(request)
        if script.head_wait:
            await self._clock.sleep(script.head_wait)
        self._check(script)
        processor = StreamProcessor(self._clock.monotonic, self._limits)
        yield AnswerStream(_Yielding(script, self._clock), processor, self._clock)

    def _check(self, script: Script) -> None:
        if script.refused is not None:
            raise from_exception(script.refused, Phase.CONNECTING)
        if script.status != 200:
            raise from_status(script.status, script.headers, script.body, self._clock.now_ms())
        check_head(script.headers)

    def _script(self, request: ModelRequest) -> Script:
        self._calls[request.model] += 1
        if request.model.startswith("fault-"):
            script = fault_script(request, self._calls[request.model], self._clock.now_ms())
        else:
            script = _plain_script(request)
        if script is None:
            message = f"The scripted provider has no model named {request.model!r}."
            raise UpstreamFailure(message, code="upstream_model_not_found", severity=Severity.MODEL)
        return script


class _Yielding(ScriptSource):
    """Lets other tasks run before each read, as a network does."""

    def __init__(self, script: Script, clock: Clock) -> None:
        super().__init__(script.steps, clock)

    async def read(self) -> bytes:
        await asyncio.sleep(0)
        return await super().read()


def _plain_script(request: ModelRequest) -> Script | None:
    kind, number = request.model, 0
    if numbered := _NUMBERED.fullmatch(kind):
        kind, number = numbered[1], int(numbered[2])
    match kind:
        case "echo":
            return Script(_answer(request, _echo(request)))
        case "slow":
            return Script(_answer(request, _echo(request), pause=number / 1000 if numbered else _DEFAULT_PAUSE))
        case "reasoning":
            return Script(_answer(request, _echo(request), thoughts=("Let me think. ", "Done.")))
        case "long" if numbered:
            return Script(_answer(request, _counted(number), group=1))
        case "burst" if numbered:
            steps = _answer(request, _counted(number), group=1)
            return Script([b"".join(step for step in steps if isinstance(step, bytes))])
        case _:
            return None


def _answer(
    request: ModelRequest, words: list[str], *, group: int = 3, pause: float = 0.0, thoughts: tuple[str, ...] = ()
) -> Iterator[Step]:
    model, limit = request.model, request.max_output_tokens
    kept = words if limit is None else words[:limit]
    yield wire.chunk(model, {"role": "assistant", "content": ""})
    for thought in thoughts:
        yield wire.reasoning(model, thought)
    for at in range(0, len(kept), group):
        if pause:
            yield Wait(pause)
        yield wire.text(model, "".join(kept[at : at + group]))
    yield wire.finish(model, "stop" if len(kept) == len(words) else "length")
    yield wire.usage(model, sum(len(m.content.split()) for m in request.messages), len(kept)) + wire.END


def _echo(request: ModelRequest) -> list[str]:
    asked = [message.content for message in request.messages if message.role is Role.USER]
    return _WORD.findall(asked[-1]) if asked else []


def _counted(number: int) -> list[str]:
    return [f"word{at} " for at in range(1, number)] + ([f"word{number}"] if number else [])
