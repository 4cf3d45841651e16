"""The last viewer of an execution may be on any node, and so may its owner."""

from __future__ import annotations

import pytest

from lib.streaming.streaming_service import attendance
from lib.streaming.types import ExecutionStatus, WorkerId
from tests.support.engine import Engine, chain
from tests.support.memory_nodes import NODE_LEASE, RUN, Nodes, Watcher, die, fall_silent


async def test_the_policy_acts_when_the_last_viewer_leaves_another_node(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    await nodes.clock.advance(3)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watcher.leave()
    assert nodes.status() is ExecutionStatus.CANCELLED
    ended = nodes.store.rows[RUN].ended
    assert ended is not None
    assert ended.code == "client_disconnected"


async def test_it_acts_within_a_second_though_nobody_hears_of_it(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.store.mute = True
    await watcher.leave()
    assert nodes.status() is ExecutionStatus.RUNNING
    await nodes.clock.advance(attendance.LOOK_SECONDS)
    assert nodes.status() is ExecutionStatus.CANCELLED


@pytest.mark.parametrize("first_to_leave", ["owner", "web"])
async def test_one_viewer_of_two_leaving_changes_nothing(first_to_leave: str, nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    watchers = {"owner": await Watcher(nodes.worker).begin(), "web": await Watcher(nodes.web).begin()}
    await watchers.pop(first_to_leave).leave()
    await nodes.clock.advance(2 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING
    await watchers.popitem()[1].leave()
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_a_node_that_dies_takes_its_viewers_along_when_its_lease_has_lapsed(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    await Watcher(nodes.web).begin()
    await fall_silent(nodes.web)
    await nodes.clock.advance(NODE_LEASE - 1.5)
    assert nodes.status() is ExecutionStatus.RUNNING
    await nodes.clock.advance(3)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_a_viewer_who_came_and_went_before_the_start_was_one(nodes: Nodes) -> None:
    nodes.worker.queue.paused = True
    await nodes.start(on=nodes.web, on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    await watcher.leave()
    nodes.worker.queue.paused = False
    await nodes.clock.advance(5)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_without_any_viewer_it_runs_on(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    await nodes.clock.advance(3 * NODE_LEASE)
    assert nodes.status() is ExecutionStatus.RUNNING


async def test_the_next_owner_knows_that_the_viewers_died_with_the_last_one(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
    await Watcher(nodes.worker).begin()
    await nodes.add("other", works=True)
    await nodes.clock.advance(NODE_LEASE)
    await fall_silent(nodes.worker)
    die(nodes.worker)
    await nodes.clock.advance(NODE_LEASE + 4)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_coming_back_on_another_node_within_the_grace_keeps_it_running(nodes: Nodes) -> None:
    other = await nodes.add("other", works=False)
    await nodes.start(on_disconnect="grace:5")
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
    await nodes.start("a", "b", on_disconnect="finish_prompt")
    await (await Watcher(nodes.web).begin()).leave()
    await Watcher(nodes.web).begin()
    await nodes.finish()
    assert nodes.provider.streams[-1].prompt == "do b"


async def test_a_node_that_stops_sends_its_viewers_away_and_they_may_come_back_elsewhere(nodes: Nodes) -> None:
    other = await nodes.add("other", works=False)
    await nodes.start(on_disconnect="cancel")
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
    await nodes.start(on_disconnect="cancel")
    watcher = await Watcher(nodes.web).begin()
    nodes.web.service.send_viewers_away()
    await watcher.leave()
    await fall_silent(nodes.web)
    await nodes.clock.advance(NODE_LEASE + 2)
    assert nodes.status() is ExecutionStatus.CANCELLED


async def test_after_an_outage_of_the_store_no_viewer_counts_as_gone(nodes: Nodes) -> None:
    await nodes.start(on_disconnect="cancel")
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
