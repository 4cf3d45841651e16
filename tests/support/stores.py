"""What a store contract test drives: two stores, the clock they judge by, and an owner's pen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.ports.execution_store import Accepted, Claim, ExecutionStore, NewExecution
from lib.streaming.ports.log_store import (
    AttemptEnded,
    AttemptStarted,
    ExecutionEnded,
    LogHandle,
    LogStore,
    RowChange,
    Write,
)
from lib.streaming.sse_events.log_entry import LogEntry, pack, pack_delta
from lib.streaming.sse_events.vocabulary import (
    Event,
    EventCode,
    ExecutionFinished,
    PromptFinished,
    PromptRetrying,
    PromptStarted,
)
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    Message,
    PrincipalId,
    PromptId,
    PromptStatus,
    Role,
    Seq,
    Usage,
    VersionId,
    WorkerId,
)
from tests.support.fake_clock import FakeClock

WORKER = WorkerId("worker-1")
OTHER = WorkerId("worker-2")
LEASE = 5.0
NO_USAGE = Usage(0, 0, 0)

TWO_PROMPTS = Definition(
    "Two prompts",
    prompts=(
        PromptDefinition(PromptId("draft"), "Draft", "write", "scripted/echo", 0),
        PromptDefinition(PromptId("polish"), "Polish", "better", "scripted/echo", 1),
    ),
)


class Delta:
    """Text of an attempt; `prompt` is its index in the definition."""

    def __init__(self, prompt: int, attempt: int, text: str, *, reasoning: bool = False) -> None:
        self.code = EventCode.PROMPT_REASONING if reasoning else EventCode.PROMPT_DELTA
        self.data = pack_delta(prompt, attempt, text)


@dataclass
class Stores:
    """`pin` stores a definition as a version of an assistant; `principal(name)` is somebody who may start it, a new one without a name."""

    executions: ExecutionStore
    log: LogStore
    clock: FakeClock
    pin: Callable[[Definition], Awaitable[tuple[AssistantId, VersionId]]]
    principal: Callable[..., Awaitable[PrincipalId]]
    _numbers: Any = field(default_factory=lambda: count(1))

    async def new(self, definition: Definition = TWO_PROMPTS, **changes: Any) -> NewExecution:
        """A start that nothing speaks against, with `changes`."""
        assistant, version = await self.pin(definition)
        fields: dict[str, Any] = {
            "id": ExecutionId(f"00000000-0000-7000-8000-{next(self._numbers):012}"),
            "principal_id": changes.pop("principal_id", None) or await self.principal(),
            "assistant_id": assistant,
            "version_id": version,
            "inputs": {},
            "on_disconnect": "continue",
            "max_concurrent": 100,
        }
        return NewExecution(**{**fields, **changes})

    async def start(self, definition: Definition = TWO_PROMPTS, **changes: Any) -> Accepted:
        return await self.executions.create(await self.new(definition, **changes))

    async def own(self, definition: Definition = TWO_PROMPTS, **changes: Any) -> Owner:
        """A started execution, claimed by `WORKER`."""
        accepted = await self.start(definition, **changes)
        return await self.claim(accepted.id)

    async def claim(self, execution_id: ExecutionId, worker: WorkerId = WORKER) -> Owner:
        claim = await self.executions.claim(execution_id, worker, LEASE)
        assert claim is not None, "nobody else holds it"
        return Owner(self, claim)

    async def take_over(self, execution_id: ExecutionId) -> Owner:
        """Claimed by `OTHER` after the lease has lapsed."""
        await self.clock.advance(LEASE + 1)
        return await self.claim(execution_id, OTHER)

    async def entries(self, execution_id: ExecutionId) -> list[LogEntry]:
        return list(await self.log.read(await self.handle(execution_id), Seq(0), 100_000))

    async def texts(self, execution_id: ExecutionId) -> list[bytes]:
        """What its deltas of text say, one by one; for prompts and attempts with small numbers."""
        return [entry.data[2:] for entry in await self.entries(execution_id) if entry.code == EventCode.PROMPT_DELTA]

    async def handle(self, execution_id: ExecutionId) -> LogHandle:
        handle = await self.log.handle(execution_id)
        assert handle is not None, "the execution exists"
        return handle


class Owner:
    """A claim and the numbers given under it."""

    def __init__(self, stores: Stores, claim: Claim) -> None:
        self.claim = claim
        self.id = claim.handle.context.execution_id
        self.last: int = claim.handle.last_seq
        self._stores = stores

    def write(self, *events: Event | Delta, changes: Collection[RowChange] = ()) -> Write:
        """Number events for the next commit."""
        return Write(self.claim.handle, self.claim.epoch, tuple(self._entry(event) for event in events), tuple(changes))

    async def commit(self, *events: Event | Delta, changes: Collection[RowChange] = ()) -> Collection[ExecutionId]:
        return await self._stores.log.commit([self.write(*events, changes=changes)])

    async def begin(self, prompt: str = "draft", attempt: int = 1) -> None:
        """The start of an attempt: event and row."""
        await self.commit(started(prompt, attempt), changes=[attempt_started(prompt, attempt)])

    async def retry(self, prompt: str = "draft", attempt: int = 1) -> None:
        """The end of an attempt that another one is to follow."""
        event = PromptRetrying(
            PromptId(prompt), attempt, attempt + 1, "upstream_overloaded", "busy", 0, "scripted/echo"
        )
        row = attempt_ended(prompt, attempt, PromptStatus.FAILED, code="upstream_overloaded")
        await self.commit(event, changes=[row])

    async def finish_prompt(
        self, prompt: str = "draft", attempt: int = 1, status: PromptStatus = PromptStatus.COMPLETED, **row: Any
    ) -> None:
        event = PromptFinished(PromptId(prompt), attempt, status)
        await self.commit(event, changes=[attempt_ended(prompt, attempt, status, **row)])

    async def end(self, status: ExecutionStatus = ExecutionStatus.COMPLETED, **row: Any) -> Collection[ExecutionId]:
        return await self.commit(finished(status), changes=[execution_ended(status, **row)])

    def _entry(self, event: Event | Delta) -> LogEntry:
        self.last += 1
        code, data = (int(event.code), event.data) if isinstance(event, Delta) else pack(event)
        return LogEntry(Seq(self.last), code, self._stores.clock.now_ms() + self.last, data)


def started(prompt: str, attempt: int) -> PromptStarted:
    return PromptStarted(PromptId(prompt), prompt.title(), 0, 0, attempt, "scripted/echo", "scripted")


def attempt_started(prompt: str, attempt: int) -> AttemptStarted:
    messages = (Message(Role.USER, f"do {prompt}"),)
    return AttemptStarted(PromptId(prompt), attempt, "scripted/echo", "scripted", messages)


def attempt_ended(prompt: str, attempt: int, status: PromptStatus, **row: Any) -> AttemptEnded:
    return AttemptEnded(prompt_id=PromptId(prompt), attempt=attempt, status=status, **row)


def finished(status: ExecutionStatus) -> ExecutionFinished:
    return ExecutionFinished(status=status, usage=NO_USAGE, duration_ms=1, ended_by=EndedBy.ENGINE)


def execution_ended(status: ExecutionStatus, **row: Any) -> ExecutionEnded:
    fields = {"ended_by": EndedBy.ENGINE, "usage": NO_USAGE, "duration_ms": 1, **row}
    return ExecutionEnded(status=status, **fields)
