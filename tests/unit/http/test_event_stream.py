"""The event stream response on hand-made `receive` and `send`."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
from collections.abc import AsyncIterator

import pytest

from app.http.deliveries import Deliveries
from app.http.event_stream import EventStream, Permit, StreamFrames, StreamLimits
from app.http.request_record import request_record
from tests.support.asgi_call import AsgiCall
from tests.support.event_sources import EndlessSource, HandFedSource
from tests.support.fake_clock import FakeClock, settle

FAREWELL = b"event: server.draining\ndata: {}\n\n"
FRAMES = StreamFrames(b"retry: 2000\n", b": hb\n", lambda: FAREWELL)


class Stage:
    """A stream, its source, its client and a clock."""

    def __init__(self, permit: Permit | None = None, method: str = "GET") -> None:
        self.clock = FakeClock()
        self.deliveries = Deliveries(self.clock, random.Random(7), StreamLimits(close=0.01))
        self.source = HandFedSource(self.clock)
        self.call = AsgiCall(method)
        self.stream: EventStream | None = self.deliveries.open(
            self.source, FRAMES, headers={"X-Execution-Id": "run-1"}, permit=permit
        )
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        assert self.stream is not None
        self.task = self.call.start(self.stream)
        self.stream = None
        await settle()

    async def ended(self) -> str | None:
        assert self.task is not None
        await self.task
        await self.deliveries.close()
        return request_record(self.call.scope).closed


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    assert len(stage.deliveries) == 0
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_headers_and_opening_are_sent_before_any_event(stage: Stage) -> None:
    await stage.run()
    assert stage.call.status == 200
    assert stage.call.headers == {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
        "x-execution-id": "run-1",
    }
    assert stage.call.body == b"retry: 2000\n"
    stage.source.feed(None)
    await stage.ended()


async def test_frames_are_passed_on_and_the_end_is_a_proper_one(stage: Stage) -> None:
    await stage.run()
    stage.source.feed(b"id: 1\n\n", b"id: 2\n\n", None)
    assert await stage.ended() == "finished"
    assert stage.call.body == b"retry: 2000\nid: 1\n\nid: 2\n\n"
    assert stage.call.complete
    assert stage.source.closed == 1


async def test_silence_brings_a_heartbeat(stage: Stage) -> None:
    await stage.run()
    await stage.clock.advance(14.9)
    assert stage.call.body == b"retry: 2000\n"
    await stage.clock.advance(15.2)
    assert stage.call.body == b"retry: 2000\n: hb\n: hb\n"
    stage.source.feed(None)
    await stage.ended()


async def test_a_client_that_leaves_ends_the_stream_and_closes_the_source(stage: Stage) -> None:
    await stage.run()
    stage.call.disconnect()
    assert await stage.ended() == "client_gone"
    assert stage.source.closed == 1
    assert not stage.call.complete


async def test_a_stream_is_its_request_and_one_task_more(stage: Stage) -> None:
    await stage.run()
    assert len(asyncio.all_tasks()) == 3  # the test, the request, the watcher
    stage.call.disconnect()
    await stage.ended()


async def test_a_client_that_does_not_read_is_cut_at_the_send_deadline(stage: Stage) -> None:
    await stage.run()
    stage.call.stall()
    await stage.clock.advance(10)
    stage.source.feed(b"id: 1\n\n")
    await stage.clock.advance(29.9)
    assert stage.source.closed == 0
    await stage.clock.advance(0.2)
    assert await stage.ended() == "slow_client"
    assert stage.call.aborted
    assert not stage.call.complete
    assert stage.source.closed == 1


async def test_a_client_that_reads_again_in_time_is_not_cut(stage: Stage) -> None:
    await stage.run()
    for _ in range(4):
        stage.call.stall()
        stage.source.feed(b"x")
        await stage.clock.advance(29)
        stage.call.flow()
        await stage.clock.advance(0.5)
    stage.source.feed(None)
    assert await stage.ended() == "finished"
    assert not stage.call.aborted


async def test_silence_longer_than_the_send_deadline_is_nobodys_fault(stage: Stage) -> None:
    stage.deliveries = Deliveries(stage.clock, random.Random(7), StreamLimits(heartbeat=100, send=30))
    source = HandFedSource(stage.clock)
    stage.stream = stage.deliveries.open(source, FRAMES)
    await stage.run()
    await stage.clock.advance(90)
    source.feed(None)
    assert await stage.ended() == "finished"


async def test_draining_sends_the_last_frame_and_ends_properly(stage: Stage) -> None:
    await stage.run()
    stage.deliveries.drain()
    assert await stage.ended() == "draining"
    assert stage.call.body.endswith(FAREWELL)
    assert stage.call.complete
    assert stage.source.closed == 1


async def test_draining_does_not_wait_for_a_client_that_does_not_read(stage: Stage) -> None:
    stage.deliveries = Deliveries(stage.clock, random.Random(7), StreamLimits(send=0.01))
    stage.stream = stage.deliveries.open(stage.source, FRAMES)
    await stage.run()
    stage.call.stall()
    stage.source.feed(b"x")
    await settle()
    stage.deliveries.drain()
    assert await stage.ended() == "slow_client"
    assert stage.call.aborted
    assert stage.source.closed == 2  # the fixture's own stream was never sent, and let go as well


async def test_a_stream_opened_while_draining_says_so_at_once(stage: Stage) -> None:
    stage.deliveries.drain()
    await stage.run()
    assert await stage.ended() == "draining"
    assert stage.call.body == FRAMES.opening + FAREWELL


async def test_a_source_that_breaks_leaves_the_response_without_an_end(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    await stage.run()
    stage.source.feed(b"id: 1\n\n", ValueError("the log is gone"))
    assert await stage.ended() == "failed"
    assert not stage.call.complete
    assert stage.source.closed == 1
    assert "the log is gone" in caplog.text


async def test_a_timeout_of_the_source_is_its_failure_not_a_deadline_of_ours(stage: Stage) -> None:
    await stage.run()
    stage.source.feed(TimeoutError())
    assert await stage.ended() == "failed"


async def test_cancelling_the_request_twice_still_closes_the_source(stage: Stage) -> None:
    await stage.run()
    assert stage.task is not None
    stage.task.cancel()
    await asyncio.sleep(0)
    stage.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stage.task
    await stage.deliveries.close()
    assert stage.source.closed == 1
    assert request_record(stage.call.scope).closed == "cancelled"


async def test_a_request_cancelled_before_its_first_step_closes_the_source(stage: Stage) -> None:
    assert stage.stream is not None
    task = stage.call.start(stage.stream)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    stage.stream = None
    gc.collect()
    await settle()
    assert stage.source.closed == 1


async def test_a_response_that_is_never_sent_closes_its_source(stage: Stage) -> None:
    stage.stream = None
    gc.collect()
    await settle()
    assert stage.source.closed == 1
    assert stage.call.sent == []


async def test_a_source_that_does_not_close_is_given_up_and_named(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.source.hang_on_close = True
    await stage.run()
    stage.source.feed(None)
    assert await stage.ended() == "finished"
    assert stage.source.closed == 1
    assert "did not close" in caplog.text


async def test_a_source_that_fails_to_close_is_named(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.source.break_on_close = True
    await stage.run()
    stage.source.feed(None)
    assert await stage.ended() == "finished"
    assert "failed to close" in caplog.text


async def test_head_gets_the_headers_and_opens_nothing() -> None:
    stage = Stage(method="HEAD")
    await stage.run()
    await stage.ended()
    assert stage.call.headers["content-type"] == "text/event-stream"
    assert stage.call.body == b""
    assert stage.call.complete
    assert stage.source.closed == 1


async def test_a_stream_whose_permit_is_withdrawn_ends_within_a_minute() -> None:
    answers = iter([True, False])

    async def permit() -> bool:
        return next(answers)

    stage = Stage(permit)
    await stage.run()
    await stage.clock.advance(44)
    assert stage.task is not None
    assert not stage.task.done()
    await stage.clock.advance(16)
    assert await stage.ended() == "revoked"
    assert stage.call.complete


async def test_a_permit_that_cannot_be_asked_leaves_the_viewer_its_stream(caplog: pytest.LogCaptureFixture) -> None:
    async def permit() -> bool:
        raise OSError("no database")

    stage = Stage(permit)
    await stage.run()
    await stage.clock.advance(40)
    stage.source.feed(None)
    assert await stage.ended() == "finished"
    assert "could not ask" in caplog.text


async def test_a_source_that_never_suspends_starves_nobody() -> None:
    deliveries = Deliveries(FakeClock(), random.Random(7))
    source, call = EndlessSource(b"x", most=100_000), AsgiCall()
    call.on_send = lambda _: call.sent.clear()
    task = call.start(deliveries.open(source, FRAMES))
    await settle(100)
    call.disconnect()
    await task
    assert source.left > 90_000
    assert source.closed == 1


async def test_a_send_that_fails_is_a_client_that_left(stage: Stage) -> None:
    def broken(_: object) -> None:
        raise BrokenPipeError

    await stage.run()
    stage.call.on_send = broken
    stage.source.feed(b"x")
    assert await stage.ended() == "client_gone"


async def test_reconnection_times_are_spread_over_one_to_five_seconds() -> None:
    deliveries = Deliveries(FakeClock(), random.Random(7))
    openings = {deliveries.frames("run-1").opening for _ in range(200)}
    times = sorted(int(opening.removeprefix(b"retry: ")) for opening in openings)
    assert times[0] >= 1000
    assert times[-1] <= 5000
    assert times[-1] - times[0] > 3000


async def test_a_stream_is_sent_only_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    stream = stage.stream
    assert stream is not None
    await stage.run()
    with pytest.raises(RuntimeError, match="once"):
        await stream(stage.call.scope, stage.call.receive, stage.call.send)  # type: ignore[arg-type]
    stage.source.feed(None)
    await stage.ended()
    assert stage.source.closed == 1
