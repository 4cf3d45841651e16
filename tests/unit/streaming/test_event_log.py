"""The event log: seen means stored, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import msgspec
import pytest

from lib.streaming.errors import ExecutionNotFound, LeaseLost, StorageUnavailable
from lib.streaming.event_log.appender import Appender
from lib.streaming.event_log.log import EventLog
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.ports.log_store import ExecutionEnded
from lib.streaming.sse_events.vocabulary import ExecutionFinished, Warned
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    PrincipalId,
    Usage,
    VersionId,
    WorkerId,
)
from tests.support.engine import chain
from tests.support.fake_clock import FakeClock, settle
from tests.support.slow_store import SlowStore

RUN = ExecutionId("run-1")


class Rig:
    def __init__(self, pace_seconds: float = 0.0) -> None:
        self.clock = FakeClock()
        self.store = SlowStore(self.clock)
        self.store.add_version(VersionId("v"), AssistantId("a"), 1, chain("p", "q"))
        self.log = EventLog(self.store, self.clock, pace_seconds=pace_seconds)

    async def __aenter__(self) -> Rig:
        await self.log.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.store.gate.set()
        await self.log.close()

    async def owner(self, id: ExecutionId = RUN) -> Appender:
        new = NewExecution(
            id=id,
            principal_id=PrincipalId("ada"),
            assistant_id=AssistantId("a"),
            version_id=VersionId("v"),
            inputs={},
            on_disconnect="continue",
            max_concurrent=99,
        )
        await self.store.create(new)
        claim = await self.store.claim(id, WorkerId("w"), 60)
        assert claim is not None
        return self.log.append_to(claim.handle, claim.epoch)

    async def collect(self, after: int, stop_at: int | None = None) -> list[dict[str, object]]:
        """What a viewer from a number on gets, decoded, until the end or a number."""
        view = await self.log.follow(RUN, after)
        events: list[dict[str, object]] = []
        while view is not None and (frames := await view.read(1)) is not None:
            events += decode(frames)
            if stop_at is not None and view.cursor >= stop_at:
                break
        if view is not None:
            await view.close()
        return events


def decode(frames: bytes) -> list[dict[str, object]]:
    blocks = [block for block in frames.decode().split("\n\n") if block]
    return [msgspec.json.decode(block.split("data: ", 1)[1].encode()) for block in blocks]


def text_of(events: Sequence[dict[str, object]]) -> str:
    return "".join(str(event.get("text", "")) for event in events)


def finish(owner: Appender) -> None:
    usage = Usage(1, 1, 2)
    done = ExecutionStatus.COMPLETED
    owner.event(
        ExecutionFinished(status=done, usage=usage, duration_ms=1, ended_by=EndedBy.ENGINE),
        ExecutionEnded(status=done, usage=usage, duration_ms=1, ended_by=EndedBy.ENGINE),
    )


async def test_nothing_is_shown_before_it_is_committed() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 1)
        assert view is not None
        rig.store.gate.clear()
        owner.delta(0, 1, "secret so far")
        reading = asyncio.ensure_future(view.read(60))
        await settle()
        assert not reading.done()
        rig.store.gate.set()
        assert text_of(decode(await reading or b"")) == "secret so far"


async def test_what_gathers_while_a_commit_runs_is_the_next_batch_and_joins_per_attempt() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        rig.store.gate.clear()
        owner.delta(0, 1, "a")
        await settle()
        for text in "bcdef":
            owner.delta(0, 1, text)
            owner.delta(1, 1, text.upper())
        rig.store.gate.set()
        await owner.flush()
        assert rig.store.commits == [1, 2]
        assert text_of(await rig.collect(1, stop_at=4)) == "abcdefBCDEF"


async def test_a_huge_token_becomes_several_events_below_the_limit() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        owner.delta(0, 1, "\U0001f600" * 100_000)
        await owner.flush()
        entries = rig.store.rows[RUN].entries
        assert max(len(entry.data) for entry in entries) < 64 * 1024
        assert text_of(await rig.collect(0, stop_at=entries[-1].seq)) == "\U0001f600" * 100_000


async def test_viewers_that_join_at_any_number_see_every_event_once() -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    async with Rig() as rig:
        owner = await rig.owner()
        viewers = []
        for number in range(400):
            owner.delta(rng.randrange(2), 1, f"[{number}]")
            if rng.random() < 0.5:
                await settle(rng.randrange(6))
            if rng.random() < 0.2:
                last = rig.store.rows[RUN].entries[-1].seq
                after = rng.randrange(last + 1)
                viewers.append((after, asyncio.ensure_future(rig.collect(after))))
        finish(owner)
        await owner.flush()
        stored = rig.store.rows[RUN].entries
        for after, viewer in viewers:
            events = await viewer
            assert events[-1]["seq"] == stored[-1].seq, f"seed {seed}"
            whole = b"".join(entry.data[2:] for entry in stored[after:] if entry.code == 5).decode()
            assert sorted(text_of(events).split("]")) == sorted(whole.split("]")), f"seed {seed}, after {after}"
            numbers = [event["seq"] for event in events]
            assert numbers == sorted(set(map(int, map(str, numbers)))), f"seed {seed}"


async def test_a_reader_far_behind_gets_merged_frames_that_hold_the_same_text() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        for number in range(5000):
            owner.delta(0, 1, f"{number} ")
            await owner.flush()
        finish(owner)
        await owner.flush()
        events = await rig.collect(0)
        assert len(events) < 40
        assert text_of(events) == "".join(f"{number} " for number in range(5000))
        middle = await rig.collect(2500)
        assert text_of(middle) == "".join(f"{number} " for number in range(2499, 5000))


@pytest.mark.parametrize("after", [-1, 4, 10**30])
async def test_a_number_the_log_never_gave_replays_everything(after: int) -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        owner.event(Warned("code", "message"))
        finish(owner)
        await owner.flush()
        assert [event["seq"] for event in await rig.collect(after)] == [1, 2, 3]


async def test_a_finished_and_fully_read_execution_has_nothing_left() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        finish(owner)
        await owner.flush()
        assert await rig.log.follow(RUN, 2) is None
        with pytest.raises(ExecutionNotFound):
            await rig.log.follow(ExecutionId("nobody"), 0)


async def test_silence_gives_an_empty_read_and_loses_nothing() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 1)
        assert view is not None
        reading = asyncio.ensure_future(view.read(15))
        await rig.clock.advance(15)
        assert await reading == b""
        owner.delta(0, 1, "late")
        assert text_of(decode(await view.read(15) or b"")) == "late"


async def test_a_wake_up_that_brings_nothing_is_no_silence() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 1)
        assert view is not None
        reading = asyncio.ensure_future(view.read(15))
        await rig.clock.advance(5)
        owner.channel.wake()
        await settle()
        assert not reading.done()
        await rig.clock.advance(10)
        assert await reading == b""


async def test_a_stale_owner_is_refused_and_nothing_of_it_is_shown() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        other = await rig.owner(ExecutionId("run-2"))
        await rig.store.expire_leases()
        assert await rig.store.claim(RUN, WorkerId("w2"), 60) is not None
        lost = []
        owner.on_failure = lambda: lost.append(True)
        owner.delta(0, 1, "from the dead")
        other.delta(0, 1, "alive")
        with pytest.raises(LeaseLost):
            await owner.flush()
        await other.flush()
        assert lost == [True]
        assert len(rig.store.rows[RUN].entries) == 1
        assert len(rig.store.rows[ExecutionId("run-2")].entries) == 2


async def test_a_store_that_comes_back_in_time_loses_nothing() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        rig.store.failures = [StorageUnavailable("locked")] * 3
        owner.delta(0, 1, "kept")
        flushing = asyncio.ensure_future(owner.flush())
        await rig.clock.advance(1)
        await flushing
        assert text_of(await rig.collect(1, stop_at=2)) == "kept"


async def test_a_store_that_stays_away_fails_the_owner_before_its_lease_ends() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        rig.store.failures = [StorageUnavailable("gone")] * 100
        owner.delta(0, 1, "x")
        flushing = asyncio.ensure_future(owner.flush())
        await rig.clock.advance(4.5)
        with pytest.raises(StorageUnavailable):
            await flushing


async def test_one_write_the_store_cannot_take_leaves_the_others_unharmed() -> None:
    async with Rig() as rig:
        owner, other = await rig.owner(), await rig.owner(ExecutionId("run-2"))
        rig.store.failures = [ValueError("poison"), ValueError("poison")]
        owner.delta(0, 1, "poison")
        other.delta(0, 1, "fine")
        with pytest.raises(StorageUnavailable):
            await owner.flush()
        await other.flush()
        assert len(rig.store.rows[ExecutionId("run-2")].entries) == 2


async def test_a_channel_is_forgotten_when_nobody_uses_it() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 0)
        assert view is not None
        finish(owner)
        await owner.flush()
        rig.log.release(owner)
        await view.close()
        await view.close()
        assert rig.log._channels == {}


async def test_after_silence_a_commit_waits_for_nothing_and_under_load_they_keep_their_pace() -> None:
    async with Rig(pace_seconds=0.5) as rig:
        owner = await rig.owner()
        owner.delta(0, 1, "one ")
        await settle()
        assert rig.store.commits == [1]
        for word in ("two ", "three "):
            owner.delta(0, 1, word)
            await settle()
        assert rig.store.commits == [1]
        await rig.clock.advance(0.5)
        assert rig.store.commits == [1, 1]
        await rig.clock.advance(10)
        owner.delta(0, 1, "four")
        await settle()
        assert rig.store.commits == [1, 1, 1]


async def test_a_reader_with_a_shorter_wait_is_not_kept_by_the_timer_of_a_longer_one() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 1)
        assert view is not None
        patient = asyncio.ensure_future(view.read(100))
        await settle()
        owner.delta(0, 1, "x")
        await patient
        hasty = asyncio.ensure_future(view.read(1))
        await rig.clock.advance(1)
        assert hasty.done()
        assert await hasty == b""
        await view.close()


async def test_a_reader_that_is_cancelled_leaves_nobody_waiting() -> None:
    async with Rig() as rig:
        owner = await rig.owner()
        view = await rig.log.follow(RUN, 1)
        assert view is not None
        reading = asyncio.ensure_future(view.read(100))
        await settle()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert owner.channel._waiters == []
        await view.close()
