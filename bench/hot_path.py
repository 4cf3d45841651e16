"""What each step of one event costs by itself, warm and without a network: `python -m bench.hot_path`.

CPU microseconds an event, of the whole process (a commit's hop to the writer thread is in it). The sum is no forecast
of a server's cost, where being woken up costs as much again; it shows which step to look at. `plain loop` is a
hundred turns of a loop: figures of a slow moment can be told from those of slow code by it.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import uvloop
from litestar.types import HTTPDisconnectEvent, Message, Scope

from app.db.database import open_database
from app.db.migrate import upgrade
from app.http.deliveries import Deliveries
from bench.chat_wire import delta
from bench.commit_cost import batch, claims
from lib.streaming.clock import SystemClock
from lib.streaming.event_log.log import EventLog
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.log_store import LogHandle, Write
from lib.streaming.sse_events.frames import FrameEncoder
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, pack_delta
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import Epoch, ExecutionId, PromptId, Seq
from lib.streaming.upstream.stream_processor import StreamProcessor

EVENTS = 20_000
COMMITS = 2_000
TOKEN = "word "
CONTEXT = LogContext(ExecutionId("0198c0de-0000-7000-8000-000000000000"), (PromptId("p"),))
HANDLE = LogHandle(1, CONTEXT, Seq(1), terminal=False)


class NullStore:
    """A log store that takes everything and keeps nothing."""

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        return ()

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return HANDLE

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return ()


class ReadySource:
    """A source whose next frame is always there."""

    def __init__(self, frames: int) -> None:
        self._left = frames

    async def read(self, max_wait: float) -> bytes | None:
        self._left -= 1
        return b"frame" if self._left >= 0 else None

    async def close(self) -> None: ...


async def plain_loop() -> None:
    for _ in range(100 * EVENTS):
        pass


async def parse() -> None:
    processor, read = StreamProcessor(time.monotonic), delta(TOKEN.encode())
    for _ in range(EVENTS):
        processor.feed(read)


async def frame() -> None:
    encoder, data = FrameEncoder(CONTEXT), pack_delta(0, 1, TOKEN)
    for number in range(EVENTS):
        encoder.frame(LogEntry(Seq(number), EventCode.PROMPT_DELTA, 1_800_000_000_000 + 20 * number, data))


async def append_and_publish() -> None:
    async with _log() as log:
        appender = log.append_to(HANDLE, Epoch(1))
        for _ in range(EVENTS):
            appender.delta(0, 1, TOKEN)
            await appender.flush()


async def append_and_follow() -> None:
    async with _log() as log, asyncio.TaskGroup() as group:
        appender = log.append_to(HANDLE, Epoch(1))
        follower = await log.follow(CONTEXT.execution_id, 1)
        assert follower is not None
        for _ in range(EVENTS):
            reading = group.create_task(follower.read(15.0))
            await asyncio.sleep(0)
            appender.delta(0, 1, TOKEN)
            await reading


async def deliver() -> None:
    deliveries = Deliveries(SystemClock(), random.Random(1))
    stream = deliveries.open(ReadySource(EVENTS), deliveries.frames("e"))
    await stream(_scope(), _never_receive, _null_send)


@asynccontextmanager
async def _log() -> AsyncIterator[EventLog]:
    log = EventLog(NullStore(), SystemClock())
    await log.open()
    yield log
    await log.close()


async def _null_send(message: Message) -> None: ...


async def _never_receive() -> HTTPDisconnectEvent:
    await asyncio.Event().wait()
    return {"type": "http.disconnect"}


def _scope() -> Scope:
    return cast("Scope", {"type": "http", "method": "GET"})


async def commit(directory: Path) -> None:
    """One event a commit on SQLite, which is what a lightly loaded server does."""
    url, clock = f"sqlite:///{directory / 'bench.db'}", SystemClock()
    upgrade(url)
    storage = await open_database(url, clock, Uuid7Factory(clock.now_ms))
    owned = await claims(storage, 1)
    batches = [batch(owned, number) for number in range(COMMITS)]
    await _print("commit, SQLite, one event", COMMITS, lambda: _commits(storage.log_store.commit, batches))
    await storage.close()


async def _commits(
    commit_one: Callable[[Sequence[Write]], Awaitable[Collection[ExecutionId]]], batches: Sequence[Sequence[Write]]
) -> None:
    for writes in batches:
        await commit_one(writes)


STEPS: dict[str, Callable[[], Awaitable[None]]] = {
    "plain loop": plain_loop,
    "parse one chunk": parse,
    "encode one frame": frame,
    "append, commit to nothing, publish": append_and_publish,
    "the same with a reader woken": append_and_follow,
    "deliver one frame to nobody": deliver,
}


async def _print(name: str, events: int, step: Callable[[], Awaitable[None]]) -> None:
    before = time.process_time()
    await step()
    print(f"{name:40}{(time.process_time() - before) / events * 1e6:8.1f}", flush=True)


async def run() -> None:
    """Every step, one line each."""
    print(f"{'':40}  µs/event")
    for name, step in STEPS.items():
        await _print(name, EVENTS, step)
    with tempfile.TemporaryDirectory(dir=".") as directory:
        await commit(Path(directory))


if __name__ == "__main__":
    uvloop.run(run())
