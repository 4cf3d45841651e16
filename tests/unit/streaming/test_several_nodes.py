"""Several nodes on one store: who watches where, who owns what, and what they tell each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from lib.streaming.event_log import relay
from lib.streaming.execution_manager.receipt import StopOutcome
from lib.streaming.streaming_service import attendance
from lib.streaming.types import EndedBy, ExecutionId, ExecutionStatus, WorkerId
from tests.support.engine import Engine, chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.hand_fed_provider import HandFedProvider
from tests.support.shared_store import SharedStore

RUN = ExecutionId("run-1")
LEASE = 5.0
NODE_LEASE = 10.0


class Nodes:
    """`worker` runs everything, `web` only serves; both are there from the start."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.clock = FakeClock()
        self.store = SharedStore(self.clock)
        self.provider = HandFedProvider()
        self._stack = stack

    async def add(self, name: str, *, works: bool) -> Engine:
        engine = Engine(store=self.store, clock=self.clock, provider=self.provider, worker=name, works=works)
        return await self._stack.enter_async_context(engine)

    async def open(self) -> None:
        self.worker = await self.add("worker", works=True)
        self.web = await self.add("web", works=False)
        # Long enough for what a silent node means to be known.
        await self.clock.advance(NODE_LEASE + 1)

    def status(self) -> ExecutionStatus:
        return self.store.rows[RUN].status


class Watcher:
    """Reads one execution on one node until its end."""

    def __init__(self, engine: Engine, after: int = 0, id: str = RUN) -> None:
        self.numbers: list[int] = []
        self._engine, self._after, self._id = engine, after, ExecutionId(id)

    async def begin(self) -> Watcher:
        view = await self._engine.service.follow(self._id, self._after)
        assert view is not None
        self._view = view
        self._task = asyncio.ensure_future(self._read())
        await settle()
        return self

    async def leave(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})
        await self._view.close()
        await settle()

    async def _read(self) -> None:
        while (frames := await self._view.read(15)) is not None:
            blocks = [block for block in frames.decode().split("\n\n") if block]
            self.numbers += [int(block.split("\n")[0].removeprefix("id: ")) for block in blocks]
        await self._view.close()


@pytest.fixture
async def nodes() -> AsyncIterator[Nodes]:
    async with AsyncExitStack() as stack:
        nodes = Nodes(stack)
        await nodes.open()
        yield nodes


async def fall_silent(engine: Engine) -> None:
    """Neither hear nor say anything any more."""
    assert engine.service._neighbours is not None
    await engine.service._neighbours.close()


async def start(nodes: Nodes, *prompts: str, on: Engine | None = None, **more: Any) -> None:
    await (on or nodes.worker).start(chain(*(prompts or ("a",))), **more)


async def finish(nodes: Nodes) -> None:
    await nodes.provider.streams[-1].text("end")
    await nodes.provider.streams[-1].finish()


# --- events -----------------------------------------------------------------------------------------------------------


async def test_a_viewer_elsewhere_sees_every_event_once_and_at_once(nodes: Nodes) -> None:
    await start(nodes)
    early = await Watcher(nodes.web).begin()
    await nodes.provider.streams[0].text("one ", "two ")
    late = await Watcher(nodes.web, after=3).begin()
    await nodes.provider.streams[0].text("three ")
    await finish(nodes)
    everything = list(range(1, len(nodes.store.rows[RUN].entries) + 1))
    assert early.numbers == everything
    assert late.numbers == everything[3:]


async def test_a_lost_word_is_made_good_within_a_second(nodes: Nodes) -> None:
    await start(nodes)
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    before = len(watcher.numbers)
    await nodes.provider.streams[0].text("one ")
    assert len(watcher.numbers) == before
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert len(watcher.numbers) == before + 1


async def test_many_executions_with_many_viewers_are_one_query(nodes: Nodes) -> None:
    for number in range(20):
        await start(nodes, id=f"run-{number}", on=nodes.worker)
    watchers = [await Watcher(nodes.web, id=f"run-{number % 20}").begin() for number in range(100)]
    nodes.store.mute = True
    for stream in nodes.provider.streams:
        await stream.text("one ")
    before = nodes.store.reads
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert nodes.store.reads == before + 1
    assert all(watcher.numbers == list(range(1, 5)) for watcher in watchers)


async def test_nothing_is_read_where_nobody_watches(nodes: Nodes) -> None:
    await start(nodes)
    watcher = await Watcher(nodes.web).begin()
    await watcher.leave()
    before = nodes.store.reads
    await nodes.provider.streams[0].text("one ")
    await nodes.clock.advance(10)
    assert nodes.store.reads == before


async def test_the_owner_s_own_viewers_need_no_query(nodes: Nodes) -> None:
    await start(nodes)
    watcher = await Watcher(nodes.worker).begin()
    before = nodes.store.reads
    await nodes.provider.streams[0].text("one ")
    await nodes.clock.advance(10)
    assert nodes.store.reads == before
    assert watcher.numbers == [1, 2, 3, 4]


async def test_what_was_packed_meanwhile_is_still_seen(nodes: Nodes) -> None:
    await start(nodes)
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    await nodes.provider.streams[0].text("one ", "two ", "three ")
    nodes.store.packed = {entry.seq for entry in nodes.store.rows[RUN].entries if entry.seq == 5}
    await finish(nodes)
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert watcher.numbers == list(range(1, len(nodes.store.rows[RUN].entries) + 1))


async def test_a_store_that_is_away_is_asked_again(nodes: Nodes) -> None:
    await start(nodes)
    watcher = await Watcher(nodes.web).begin()
    nodes.store.away = True
    await nodes.provider.streams[0].text("one ")
    assert watcher.numbers == [1, 2, 3]
    nodes.store.away = False
    await nodes.clock.advance(relay.LOOK_SECONDS)
    assert watcher.numbers == [1, 2, 3, 4]


async def test_a_viewer_stays_when_the_execution_moves_to_its_own_node(nodes: Nodes) -> None:
    await start(nodes)
    other = await nodes.add("other", works=True)
    watcher = await Watcher(other).begin()
    await nodes.provider.streams[0].text("lost")
    nodes.worker.service.manager.held = dict  # type: ignore[method-assign] # as after a kill -9
    await nodes.clock.advance(LEASE + 4)
    await finish(nodes)
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
    await start(nodes)
    await nodes.provider.streams[0].text("half")
    assert await cancel(nodes, nodes.web) == (StopOutcome.STOPPED, ExecutionStatus.CANCELLED, True, 4)
    assert nodes.provider.open_streams == 0


async def test_a_stop_of_which_nobody_hears_is_found_within_a_second(nodes: Nodes) -> None:
    await start(nodes)
    nodes.store.mute = True
    receipt = await cancel(nodes, nodes.web, seconds=1.3)
    assert receipt == (StopOutcome.STOPPED, ExecutionStatus.CANCELLED, True, 0)


async def test_a_stop_of_an_execution_whose_owner_died_says_so(nodes: Nodes) -> None:
    await start(nodes)
    await nodes.provider.streams[0].text("half")
    await nodes.worker.service._supervisor.close()  # neither lease nor sweep
    await nodes.clock.advance(LEASE - 1)
    nodes.store.mute = True
    outcome, status, _, kept = await cancel(nodes, nodes.web, seconds=3)
    assert (outcome, status, kept) == (StopOutcome.OWNER_LOST, ExecutionStatus.CANCELLED, 4)


async def test_a_node_that_does_not_work_ends_what_is_stopped_before_its_start(nodes: Nodes) -> None:
    nodes.worker.queue.paused = True
    await start(nodes, on=nodes.web)
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


# --- viewers ----------------------------------------------------------------------------------------------------------


async def test_the_policy_acts_when_the_last_viewer_leaves_another_node(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    await nodes.clock.advance(3)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watcher.leave()
    assert nodes.status() is ExecutionStatus.CANCELLED
    ended = nodes.store.rows[RUN].ended
    assert ended is not None
    assert ended.code == "client_disconnected"


async def test_it_acts_within_a_second_though_nobody_hears_of_it(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    await watcher.leave()
    assert nodes.status() is ExecutionStatus.RUNNING
    await nodes.clock.advance(attendance.LOOK_SECONDS)
    assert nodes.status() is ExecutionStatus.CANCELLED


@pytest.mark.parametrize("first_to_leave", ["owner", "web"])
async def test_one_viewer_of_two_leaving_changes_nothing(first_to_leave: str, nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    watchers = {"owner": await Watcher(nodes.worker).begin(), "web": await Watcher(nodes.web).begin()}
    await watchers.pop(first_to_leave).leave()
    await nodes.clock.advance(2 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watchers.popitem()[1].leave()
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_a_node_that_dies_takes_its_viewers_along_when_its_lease_has_lapsed(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    await Watcher(nodes.web).begin()
    await fall_silent(nodes.web)
    await nodes.clock.advance(NODE_LEASE - 1.5)
    assert nodes.status() is ExecutionStatus.RUNNING
    await nodes.clock.advance(3)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_a_viewer_who_came_and_went_before_the_start_was_one(nodes: Nodes) -> None:
    nodes.worker.queue.paused = True
    await start(nodes, on=nodes.web, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    await watcher.leave()
    nodes.worker.queue.paused = False
    await nodes.clock.advance(5)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_without_any_viewer_it_runs_on(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    await nodes.clock.advance(3 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING


async def test_the_next_owner_knows_that_the_viewers_died_with_the_last_one(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    await Watcher(nodes.worker).begin()
    await nodes.add("other", works=True)
    await nodes.clock.advance(NODE_LEASE)
    await fall_silent(nodes.worker)
    nodes.worker.service.manager.held = dict  # type: ignore[method-assign] # as after a kill -9
    await nodes.clock.advance(NODE_LEASE + 4)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_coming_back_on_another_node_within_the_grace_keeps_it_running(nodes: Nodes) -> None:
    other = await nodes.add("other", works=False)
    await start(nodes, on_disconnect="grace:5")
    await (await Watcher(nodes.web).begin()).leave()
    await nodes.clock.advance(4)
    watcher = await Watcher(other).begin()
    await nodes.clock.advance(20)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watcher.leave()
    await nodes.clock.advance(4)
    assert nodes.status() is ExecutionStatus.RUNNING
    await nodes.clock.advance(2)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_finish_prompt_is_taken_back_when_somebody_comes_elsewhere(nodes: Nodes) -> None:
    await start(nodes, "a", "b", on_disconnect="finish_prompt")
    await (await Watcher(nodes.web).begin()).leave()
    await Watcher(nodes.web).begin()
    await finish(nodes)
    assert nodes.provider.streams[-1].prompt == "do b"


async def test_a_node_that_stops_sends_its_viewers_away_and_they_may_come_back_elsewhere(nodes: Nodes) -> None:
    other = await nodes.add("other", works=False)
    await start(nodes, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.web.service.send_viewers_away()
    await watcher.leave()
    await fall_silent(nodes.web)
    await nodes.clock.advance(5)
    back = await Watcher(other).begin()
    await nodes.clock.advance(2 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING
    await back.leave()
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_viewers_that_were_sent_away_and_do_not_come_back_have_left(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.web.service.send_viewers_away()
    await watcher.leave()
    await fall_silent(nodes.web)
    await nodes.clock.advance(NODE_LEASE + 2)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_after_an_outage_of_the_store_no_viewer_counts_as_gone(nodes: Nodes) -> None:
    await start(nodes, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.store.away = True
    await nodes.clock.advance(2 * NODE_LEASE)
    # The owner is the first to get through again.
    nodes.store.away, nodes.store.cut_off = False, WorkerId("web")
    await nodes.clock.advance(NODE_LEASE - 1)
    assert nodes.status() is ExecutionStatus.RUNNING
    nodes.store.cut_off = None
    await nodes.clock.advance(2 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watcher.leave()
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_a_single_node_that_stops_cancels_nothing() -> None:
    async with Engine() as engine:
        await engine.start(chain("a"), on_disconnect="cancel")
        watcher = await Watcher(engine).begin()
        engine.service.send_viewers_away()
        await watcher.leave()
        assert engine.row().status is ExecutionStatus.RUNNING
