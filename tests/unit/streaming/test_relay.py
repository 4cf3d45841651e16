"""Where a relayed read and an owner of this node meet."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from lib.streaming.event_log.log import EventLog
from lib.streaming.event_log.relay import Relay
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.sse_events.vocabulary import Warned
from lib.streaming.types import AssistantId, ExecutionId, PrincipalId, Seq, VersionId, WorkerId
from tests.support.engine import chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.shared_store import SharedStore

RUN = ExecutionId("run-1")
NEW = NewExecution(
    id=RUN,
    principal_id=PrincipalId("ada"),
    assistant_id=AssistantId("a"),
    version_id=VersionId("v"),
    inputs={},
    on_disconnect="continue",
    max_concurrent=99,
)


class GatedStore(SharedStore):
    """Commits are answered, and reads made, when the test lets them."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.answering, self.reading = asyncio.Event(), asyncio.Event()

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        refused = await super().commit(writes)
        await self.answering.wait()
        return refused

    async def read_tails(self, cursors: Mapping[int, Seq], limit: int) -> Sequence[tuple[int, LogEntry]]:
        await self.reading.wait()
        return await super().read_tails(cursors, limit)


async def test_what_this_node_has_just_committed_itself_is_not_published_twice() -> None:
    clock = FakeClock()
    store = GatedStore(clock)
    store.add_version(VersionId("v"), AssistantId("a"), 1, chain("p"))
    await store.create(NEW)
    events = EventLog(store, clock)
    await events.open()
    relaying = asyncio.ensure_future(Relay(events, store, clock).run())
    follower = await events.follow(RUN, 1)
    assert follower is not None
    await clock.advance(1)
    claim = await store.claim(RUN, WorkerId("w"), 60)
    assert claim is not None
    owner = events.append_to(claim.handle, claim.epoch)
    owner.event(Warned("one", "first"))
    await settle()
    assert len(store.rows[RUN].entries) == 2
    store.reading.set()
    await settle()
    store.answering.set()
    await settle()
    owner.event(Warned("two", "second"))
    await settle()
    frames = (await follower.read(0) or b"") + (await follower.read(0) or b"")
    assert [block.split(b"\n")[0] for block in frames.split(b"\n\n") if block] == [b"id: 2", b"id: 3"]
    relaying.cancel()
    events.release(owner)
    await follower.close()
    await events.close()
