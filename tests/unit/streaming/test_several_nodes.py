"""Several nodes on one store: what runs where is seen and stopped anywhere."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from lib.streaming.errors import StorageUnavailable
from lib.streaming.event_log import relay
from lib.streaming.execution_manager.receipt import StopOutcome
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus
from tests.support.engine import Engine, TaskQueue, chain
from tests.support.fake_clock import settle
from tests.support.memory_nodes import LEASE, RUN, Nodes, Watcher, die

# --- events -----------------------------------------------------------------------------------------------------------


async def test_a_viewer_elsewhere_sees_every_event_once_and_at_once(nodes: Nodes) -> None:
    await nodes.start()
    early = await Watcher(nodes.web).begin()
    await nodes.provider.streams[0].text("one ", "two ")
    late = await Watcher(nodes.web, after=3).begin()
    await nodes.provider.streams[0].text("three ")
    await nodes.finish()
    everything = list(range(1, len(nodes.store.rows[RUN].entries) + 1))
    assert early.numbers == everything
    assert late.numbers == everything[3:]


async def test_a_lost_word_is_made_good_within_a_second(nodes: Nodes) -> None:
    await nodes.start()
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    before = len(watcher.numbers)
    await nodes.provider.streams[0].text("one ")
    assert len(watcher.numbers) == before
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert len(watcher.numbers) == before + 1


async def test_many_executions_with_many_viewers_are_one_query(nodes: Nodes) -> None:
    for number in range(20):
        await nodes.start(id=f"run-{number}", on=nodes.worker)
    watchers = [await Watcher(nodes.web, id=f"run-{number % 20}").begin() for number in range(100)]
    nodes.store.mute = True
    for stream in nodes.provider.streams:
        await stream.text("one ")
    before = nodes.store.reads
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert nodes.store.reads == before + 1
    assert all(watcher.numbers == list(range(1, 5)) for watcher in watchers)


async def test_nothing_is_read_where_nobody_watches(nodes: Nodes) -> None:
    await nodes.start()
    watcher = await Watcher(nodes.web).begin()
    await watcher.leave()
    before = nodes.store.reads
    await nodes.provider.streams[0].text("one ")
    await nodes.clock.advance(10)
    assert nodes.store.reads == before


async def test_the_owner_s_own_viewers_need_no_query(nodes: Nodes) -> None:
    await nodes.start()
    watcher = await Watcher(nodes.worker).begin()
    before = nodes.store.reads
    await nodes.provider.streams[0].text("one ")
    await nodes.clock.advance(10)
    assert nodes.store.reads == before
    assert watcher.numbers == [1, 2, 3, 4]


async def test_what_was_packed_meanwhile_is_still_seen(nodes: Nodes) -> None:
    await nodes.start()
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    await nodes.provider.streams[0].text("one ", "two ", "three ")
    nodes.store.packed = {entry.seq for entry in nodes.store.rows[RUN].entries if entry.seq == 5}
    await nodes.finish()
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert watcher.numbers == list(range(1, len(nodes.store.rows[RUN].entries) + 1))


async def test_a_store_that_is_away_is_asked_again(nodes: Nodes) -> None:
    await nodes.start()
    watcher = await Watcher(nodes.web).begin()
    nodes.store.away = True
    await nodes.provider.streams[0].text("one ")
    assert watcher.numbers == [1, 2, 3]
    nodes.store.away = False
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert watcher.numbers == [1, 2, 3, 4]


async def test_a_viewer_stays_when_the_execution_moves_to_its_own_node(nodes: Nodes) -> None:
    await nodes.start()
    other = await nodes.add("other", works=True)
    watcher = await Watcher(other).begin()
    await nodes.provider.streams[0].text("lost")
    die(nodes.worker)
    await nodes.clock.advance(LEASE + 4)
    await nodes.finish()
    assert nodes.status() is ExecutionStatus.COMPLETED
    assert watcher.numbers == list(range(1, len(nodes.store.rows[RUN].entries) + 1))


# --- stops ------------------------------------------------------------------------------------------------------------


async def cancel(nodes: Nodes, on: Engine, seconds: float = 0) -> tuple[StopOutcome, ExecutionStatus, bool, int]:
    asking = asyncio.ensure_future(on.service.cancel(RUN, EndedBy.USER))
    await settle()
    await nodes.clock.advance(seconds)
    receipt = await asking
    assert receipt is not None
    return receipt.outcome, receipt.status, receipt.upstream_closed, receipt.kept_chars


async def test_a_stop_asked_on_another_node_reaches_the_owner_at_once(nodes: Nodes) -> None:
    await nodes.start()
    await nodes.provider.streams[0].text("half")
    assert await cancel(nodes, nodes.web) == (StopOutcome.STOPPED, ExecutionStatus.CANCELLED, True, 4)
    assert nodes.provider.open_streams == 0


async def test_a_stop_of_which_nobody_hears_is_found_within_a_second(nodes: Nodes) -> None:
    await nodes.start()
    nodes.store.mute = True
    receipt = await cancel(nodes, nodes.web, seconds=1.3)
    assert receipt == (StopOutcome.STOPPED, ExecutionStatus.CANCELLED, True, 0)


async def test_a_stop_of_an_execution_whose_owner_died_says_so(nodes: Nodes) -> None:
    await nodes.start()
    await nodes.provider.streams[0].text("half")
    await nodes.worker.service._supervisor.close()  # neither lease nor sweep
    await nodes.clock.advance(LEASE - 1)
    nodes.store.mute = True
    outcome, status, _, kept = await cancel(nodes, nodes.web, seconds=3)
    assert (outcome, status, kept) == (StopOutcome.OWNER_LOST, ExecutionStatus.CANCELLED, 4)


async def test_a_node_that_does_not_work_ends_what_is_stopped_before_its_start(nodes: Nodes) -> None:
    nodes.worker.queue.paused = True
    await nodes.start(on=nodes.web)
    assert await cancel(nodes, nodes.web) == (
        StopOutcome.STOPPED_BEFORE_START,
        ExecutionStatus.CANCELLED,
        True,
        0,
    )
    assert nodes.provider.streams == []


# --- roles ------------------------------------------------------------------------------------------------------------


async def test_a_node_that_does_not_work_leaves_executions_to_those_that_do() -> None:
    async with AsyncExitStack() as stack:
        nodes = Nodes(stack)
        web = await nodes.add("web", works=False)
        await web.start(chain("a"))
        await nodes.clock.advance(60)
        assert nodes.status() is ExecutionStatus.PENDING
        await nodes.add("worker", works=True)
        assert [stream.prompt for stream in nodes.provider.streams] == ["do a"]


async def test_a_start_whose_ticket_is_refused_is_accepted_and_runs_later() -> None:
    class Refusing(TaskQueue):
        refuses = True

        async def submit(self, *execution_ids: ExecutionId) -> None:
            if self.refuses:
                raise StorageUnavailable("The queue is away.")
            await super().submit(*execution_ids)

    engine = Engine(queue=Refusing(), claim_at_start=False)
    async with engine:
        await engine.start(chain("a"))
        assert engine.row().status is ExecutionStatus.PENDING
        Refusing.refuses = False
        await engine.clock.advance(4)
        assert [stream.prompt for stream in engine.provider.streams] == ["do a"]
