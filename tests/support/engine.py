"""A whole engine without HTTP, database or time, for tests of its behaviour."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.errors import PromptFailure
from lib.streaming.execution_manager.prompt_run import Tools
from lib.streaming.execution_manager.settings import EngineSettings
from lib.streaming.memory_rows import ExecutionRow
from lib.streaming.memory_store import MemoryStore
from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.metering.execution_store import MeteredExecutionStore
from lib.streaming.metering.log_store import MeteredLogStore
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.ports.job_queue import Handler, Outcome, QueueStats
from lib.streaming.ports.prices import NoPrices, PriceList
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.order import OrderChecker
from lib.streaming.sse_events.vocabulary import Event, EventCode
from lib.streaming.streaming_service.service import StreamingService
from lib.streaming.types import (
    AssistantId,
    ExecutionId,
    Message,
    PrincipalId,
    PromptId,
    Role,
    Value,
    VersionId,
    WorkerId,
)
from tests.support.fake_clock import FakeClock, settle
from tests.support.hand_fed_provider import HandFedProvider
from tests.support.shared_store import SharedStore


class PlainProcessor:
    """Fills `{name}` from inputs and `{<prompt id>}` from results; a prompt that says `broken` cannot be rendered."""

    async def prepare(
        self,
        definition: Definition,
        prompt: PromptDefinition,
        inputs: Mapping[str, Value],
        results: Mapping[PromptId, str],
    ) -> tuple[Message, ...]:
        if prompt.content == "broken":
            raise PromptFailure("The template is broken.", code="template_error")
        return (
            Message(
                Role.USER,
                prompt.content.format_map({**inputs, **{str(prompt): text for prompt, text in results.items()}}),
            ),
        )


class TaskQueue:
    """The smallest queue there is: a task for each ticket."""

    def __init__(self) -> None:
        self.tasks: dict[asyncio.Future[Outcome], ExecutionId] = {}
        self.handler: Handler | None = None
        self.paused = False

    async def open(self, handler: Handler | None) -> None:
        self.handler = handler

    async def submit(self, *execution_ids: ExecutionId) -> None:
        if self.handler is None or self.paused:
            return
        for execution_id in execution_ids:
            if execution_id not in self.tasks.values():
                task = asyncio.ensure_future(self.handler(execution_id))
                self.tasks[task] = execution_id
                task.add_done_callback(self.tasks.pop)

    async def stats(self) -> QueueStats:
        return QueueStats(0, len(self.tasks))

    async def pause(self) -> None:
        self.paused = True

    async def close(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Engine:
    """One node. Several may share a store: that is what a crash and a restart look like, or a `SharedStore` many nodes.

    Without `works` it runs nothing.
    """

    def __init__(
        self,
        *,
        store: MemoryStore | None = None,
        clock: FakeClock | None = None,
        provider: HandFedProvider | None = None,
        worker: str = "worker-1",
        max_tries: int = 3,
        figures: EngineFigures | None = None,
        works: bool = True,
        queue: TaskQueue | None = None,
        prices: PriceList | None = None,
        **settings: Any,
    ) -> None:
        self.clock = clock or FakeClock()
        self.store = store or MemoryStore(self.clock)
        self.provider = provider or HandFedProvider()
        self.queue = queue or TaskQueue()
        self.settings = EngineSettings(**settings)
        tools = Tools(
            self.provider, PlainProcessor(), FewRetries(max_tries), self.clock, self.settings, prices or NoPrices()
        )
        figures = figures or EngineFigures()
        self.works = works
        self.service = StreamingService(
            store=MeteredExecutionStore(self.store, figures),
            log_store=MeteredLogStore(self.store, figures, self.clock),
            queue=self.queue,
            tools=tools,
            worker=WorkerId(worker),
            others=self.store.others if isinstance(self.store, SharedStore) else None,
        )

    async def __aenter__(self) -> Engine:
        await self.service.open(works=self.works)
        await settle()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.close()

    async def start(self, definition: Definition, *, id: str = "run-1", **kwargs: Any) -> ExecutionId:
        version = VersionId(f"version-of-{id}")
        self.store.add_version(version, AssistantId("assistant-1"), 1, definition)
        new = NewExecution(
            id=ExecutionId(id),
            principal_id=PrincipalId("ada"),
            assistant_id=AssistantId("assistant-1"),
            version_id=version,
            inputs=kwargs.pop("inputs", {}),
            on_disconnect=kwargs.pop("on_disconnect", "continue"),
            max_concurrent=kwargs.pop("max_concurrent", 100),
            **kwargs,
        )
        accepted = await self.service.start(new)
        await settle()
        return accepted.id

    def row(self, id: str = "run-1") -> ExecutionRow:
        return self.store.rows[ExecutionId(id)]

    def events(self, id: str = "run-1") -> list[Event]:
        row = self.row(id)
        return [unpack(entry, row.handle().context) for entry in row.entries]

    def problems(self, id: str = "run-1") -> list[str]:
        """What breaks the order rules in the stored events."""
        checker, row = OrderChecker(), self.row(id)
        for entry, event in zip(row.entries, self.events(id), strict=True):
            fields = msgspec.structs.asdict(event)
            checker.feed(entry.seq, EventCode(entry.code), fields.get("prompt_id"), fields.get("attempt", 0))
        return checker.finish()

    def text(self, prompt: str, id: str = "run-1") -> str:
        """The text of a prompt's last attempt, as a client that follows the events shows it."""
        shown = ""
        for event in self.events(id):
            if getattr(event, "prompt_id", None) != prompt:
                continue
            tag = type(event).__struct_config__.tag
            shown = "" if tag == "prompt.retrying" else shown
            shown += getattr(event, "text", "")
        return shown


class FewRetries:
    """One second between tries, up to a number of them."""

    def __init__(self, max_tries: int) -> None:
        self._max_tries = max_tries

    def delay(self, attempt: int, failure: PromptFailure, remaining: float) -> float | None:
        return 1.0 if failure.retryable and attempt < self._max_tries and remaining > 1 else None


def chain(*prompts: tuple[str, int] | str, **definition: Any) -> Definition:
    """A definition of prompts named by their ids: `"draft"` at the next position, or `("draft", 3)`."""
    made = []
    for index, prompt in enumerate(prompts):
        name, position = (prompt, index) if isinstance(prompt, str) else prompt
        made.append(PromptDefinition(PromptId(name), name, f"do {name}", "hand/model", position))
    return Definition("Test", prompts=tuple(made), **definition)
