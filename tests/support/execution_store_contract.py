"""What every `ExecutionStore` must do."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from lib.streaming.errors import IdempotencyConflict, TooManyExecutions
from lib.streaming.ports.execution_store import Claimant, Orphan, Ownership
from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.vocabulary import ExecutionQueued
from lib.streaming.types import (
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    NanoDollars,
    PromptId,
    PromptStatus,
    Usage,
    UsageSource,
    Value,
)
from tests.support.log_store_contract import AWKWARD
from tests.support.rerun_contract import RerunContract
from tests.support.stores import (
    LEASE,
    OTHER,
    TWO_PROMPTS,
    WORKER,
    Delta,
    Stores,
    attempt_ended,
    execution_ended,
    finished,
)

DRAFT, POLISH = PromptId("draft"), PromptId("polish")
DAY = 24 * 3600.0


class StartContract:
    async def test_an_accepted_execution_is_pending_and_has_its_handle(self, stores: Stores) -> None:
        accepted = await stores.start()
        assert (accepted.status, accepted.existing) == (ExecutionStatus.PENDING, False)
        assert accepted.handle == await stores.handle(accepted.id)

    async def test_the_first_event_tells_how_many_wait_before_it(self, stores: Stores) -> None:
        await stores.own()
        for expected in range(3):
            accepted = await stores.start()
            (entry,) = await stores.entries(accepted.id)
            assert unpack(entry, (await stores.handle(accepted.id)).context) == ExecutionQueued(expected)

    async def test_twenty_starts_at_once_with_one_key_make_one_execution(self, stores: Stores) -> None:
        principal = await stores.principal()
        news = [await stores.new(principal_id=principal, idempotency_key="k", request_hash=b"h") for _ in range(20)]
        answers = await asyncio.gather(*(stores.executions.create(new) for new in news))
        assert len({answer.id for answer in answers}) == 1
        assert [answer.existing for answer in answers].count(False) == 1

    async def test_a_key_with_another_request_is_a_conflict(self, stores: Stores) -> None:
        principal = await stores.principal()
        await stores.start(principal_id=principal, idempotency_key="k", request_hash=b"h")
        with pytest.raises(IdempotencyConflict):
            await stores.start(principal_id=principal, idempotency_key="k", request_hash=b"other")

    async def test_a_key_belongs_to_its_principal(self, stores: Stores) -> None:
        first = await stores.start(idempotency_key="k", request_hash=b"h")
        second = await stores.start(idempotency_key="k", request_hash=b"h")
        assert first.id != second.id

    async def test_a_repeated_start_of_a_finished_execution_gives_that_execution(self, stores: Stores) -> None:
        owner = await stores.own(principal_id=await stores.principal("ada"), idempotency_key="k", request_hash=b"h")
        await owner.end()
        again = await stores.start(
            principal_id=await stores.principal("ada"), idempotency_key="k", request_hash=b"h", max_concurrent=1
        )
        assert (again.id, again.status, again.existing) == (owner.id, ExecutionStatus.COMPLETED, True)

    async def test_a_key_means_a_new_start_after_a_day(self, stores: Stores) -> None:
        first = await stores.start(principal_id=await stores.principal("ada"), idempotency_key="k", request_hash=b"h")
        await stores.clock.advance(DAY + 1)
        second = await stores.start(
            principal_id=await stores.principal("ada"), idempotency_key="k", request_hash=b"other"
        )
        assert second.id != first.id
        again = await stores.start(
            principal_id=await stores.principal("ada"), idempotency_key="k", request_hash=b"other"
        )
        assert again.id == second.id

    async def test_a_start_by_a_worker_with_room_is_as_if_it_had_been_claimed_next(self, stores: Stores) -> None:
        new, other = await stores.new(), await stores.new()
        accepted = await stores.executions.create(new, Claimant(WORKER, LEASE))
        claimed = (await stores.claim((await stores.executions.create(other)).id)).claim
        assert accepted.claim is not None
        mine, theirs = msgspec.structs.asdict(accepted.claim), msgspec.structs.asdict(claimed)
        for own in ("handle", "assistant_id"):
            del mine[own], theirs[own]
        assert mine == theirs
        assert (accepted.status, accepted.claim.handle) == (ExecutionStatus.RUNNING, await stores.handle(new.id))

    async def test_nobody_else_can_claim_a_start_before_its_lease_lapses(self, stores: Stores) -> None:
        accepted = await stores.executions.create(await stores.new(), Claimant(WORKER, LEASE))
        assert await stores.executions.claim(accepted.id, OTHER, LEASE) is None
        assert [orphan.id for orphan in await stores.executions.orphans(10)] == []
        await stores.clock.advance(LEASE + 1)
        assert [(orphan.id, orphan.pending) for orphan in await stores.executions.orphans(10)] == [(accepted.id, False)]

    async def test_of_twenty_starts_at_once_only_as_many_as_allowed_are_accepted(self, stores: Stores) -> None:
        news = [await stores.new(principal_id=await stores.principal("ada"), max_concurrent=3) for _ in range(20)]
        answers = await asyncio.gather(*(stores.executions.create(new) for new in news), return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, TooManyExecutions)]
        assert (len(answers) - len(refused), len(refused)) == (3, 17)
        assert refused[0].limit == 3

    async def test_an_execution_that_ends_makes_room_for_the_next(self, stores: Stores) -> None:
        owner = await stores.own(principal_id=await stores.principal("ada"), max_concurrent=1)
        with pytest.raises(TooManyExecutions):
            await stores.start(principal_id=await stores.principal("ada"), max_concurrent=1)
        assert await stores.start(principal_id=await stores.principal("bob"), max_concurrent=1)
        await owner.end()
        assert await stores.start(principal_id=await stores.principal("ada"), max_concurrent=1)


class ClaimContract:
    async def test_a_claim_brings_all_that_is_needed_to_run(self, stores: Stores) -> None:
        inputs: dict[str, Value] = {"text": AWKWARD, "list": [1, 2.5, None, {"deep": True}]}
        accepted = await stores.start(inputs=inputs, on_disconnect="grace:7")
        claim = (await stores.claim(accepted.id)).claim
        assert claim.handle == accepted.handle
        assert (claim.epoch, claim.claims, claim.version, claim.assistant_name) == (1, 1, 1, "Two prompts")
        assert (claim.inputs, claim.on_disconnect, claim.definition) == (inputs, "grace:7", TWO_PROMPTS)
        assert (claim.created_ms, claim.started_ms) == (stores.clock.now_ms(), None)
        assert (claim.results, claim.ended, claim.attempts, claim.interrupted) == ({}, {}, {}, ())
        assert (claim.usage, claim.cancel_requested) == (None, None)

    async def test_of_many_claimers_one_gets_it(self, stores: Stores) -> None:
        accepted = await stores.start()
        claims = await asyncio.gather(*(stores.executions.claim(accepted.id, WORKER, LEASE) for _ in range(10)))
        assert sum(claim is not None for claim in claims) == 1

    async def test_a_held_an_ended_and_an_unknown_execution_cannot_be_claimed(self, stores: Stores) -> None:
        held, ended = await stores.own(), await stores.own()
        await ended.end()
        for execution_id in (held.id, ended.id, ExecutionId("no such")):
            assert await stores.executions.claim(execution_id, OTHER, LEASE) is None

    async def test_a_lapsed_lease_can_be_taken_over(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "x"))
        began = stores.clock.now_ms()
        claim = (await stores.take_over(owner.id)).claim
        assert (claim.epoch, claim.claims, claim.handle.last_seq, claim.started_ms) == (2, 2, 2, began)

    async def test_a_renewed_lease_cannot(self, stores: Stores) -> None:
        owner = await stores.own()
        await stores.clock.advance(LEASE - 1)
        renewal = await stores.executions.renew(WORKER, {owner.id: owner.claim.epoch}, LEASE)
        assert not renewal.lost
        await stores.clock.advance(LEASE - 1)
        assert await stores.executions.claim(owner.id, OTHER, LEASE) is None

    async def test_what_an_earlier_owner_finished_comes_with_the_claim(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.commit(Delta(0, 1, AWKWARD))
        await owner.finish_prompt(output=AWKWARD, usage=Usage(3, 4, 7), cost=NanoDollars(30))
        await owner.begin("polish")
        usage = Usage(1, 1, 2, UsageSource.ESTIMATED, reasoning_tokens=1)
        await owner.finish_prompt("polish", 1, PromptStatus.TIMED_OUT, usage=usage, cost=NanoDollars(12))
        claim = (await stores.take_over(owner.id)).claim
        assert claim.results == {DRAFT: AWKWARD}
        assert claim.ended == {POLISH: PromptStatus.TIMED_OUT}
        assert claim.attempts == {DRAFT: 1, POLISH: 1}
        assert claim.usage == Usage(4, 5, 9, UsageSource.ESTIMATED, reasoning_tokens=1)
        assert claim.cost == 42
        assert claim.interrupted == ()

    async def test_what_an_earlier_owner_paid_is_unknown_where_a_price_was(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.finish_prompt(usage=Usage(3, 4, 7), cost=NanoDollars(30))
        await owner.begin("polish")
        assert (await stores.take_over(owner.id)).claim.cost == 30
        owner = await stores.own()
        await owner.begin("draft")
        await owner.finish_prompt(usage=Usage(3, 4, 7))
        assert (await stores.take_over(owner.id)).claim.cost is None

    async def test_an_interrupted_attempt_comes_with_the_text_the_log_holds_and_with_what_was_asked(
        self, stores: Stores
    ) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        began = stores.clock.now_ms()
        await owner.begin("polish")
        await owner.commit(Delta(0, 1, "half "), Delta(1, 1, "other"), Delta(0, 1, "hm", reasoning=True))
        await owner.commit(Delta(0, 1, AWKWARD))
        claim = (await stores.take_over(owner.id)).claim
        draft, polish = claim.interrupted
        assert (draft.prompt_id, draft.attempt, draft.model) == (DRAFT, 1, "scripted/echo")
        assert (draft.output, draft.reasoning) == (f"half {AWKWARD}", "hm")
        assert (draft.asked_chars, draft.duration_ms) == (len("do draft"), claim.now_ms - began)
        assert (polish.prompt_id, polish.output, polish.reasoning) == (POLISH, "other", "")
        assert (claim.attempts, claim.ended, claim.results) == ({DRAFT: 1, POLISH: 1}, {}, {})

    async def test_an_attempt_that_another_was_to_follow_does_not_end_its_prompt(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.retry("draft", 1)
        claim = (await stores.take_over(owner.id)).claim
        assert (claim.ended, claim.attempts, claim.interrupted) == ({}, {DRAFT: 1}, ())

    async def test_a_loss_that_was_never_announced_is_told_to_the_next_owner_too(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.commit(Delta(0, 1, "half"))
        first = await stores.take_over(owner.id)
        second = await stores.take_over(owner.id)
        (one,), (same,) = first.claim.interrupted, second.claim.interrupted
        assert same == msgspec.structs.replace(one, duration_ms=same.duration_ms)
        assert same.duration_ms > one.duration_ms
        await second.retry("draft", 1)
        third = await stores.take_over(owner.id)
        assert third.claim.interrupted == ()
        assert (third.claim.attempts, third.claim.ended) == ({DRAFT: 1}, {})

    async def test_a_prompt_that_never_had_an_attempt_can_end(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.finish_prompt("polish", 1, PromptStatus.SKIPPED)
        assert (await stores.take_over(owner.id)).claim.ended == {POLISH: PromptStatus.SKIPPED}

    async def test_an_ended_attempt_does_not_change_again(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.finish_prompt("draft", output="first")
        await owner.commit(
            Delta(1, 1, "x"), changes=[attempt_ended("draft", 1, PromptStatus.COMPLETED, output="second")]
        )
        assert (await stores.take_over(owner.id)).claim.results == {DRAFT: "first"}


class LeaseContract:
    async def test_a_renewal_names_what_is_lost_and_what_is_to_stop(self, stores: Stores) -> None:
        kept, stopped, ended, lost = [await stores.own() for _ in range(4)]
        await ended.end()
        await stores.executions.request_cancel(stopped.id, EndedBy.ADMIN)
        await stores.executions.expire_leases()
        await stores.claim(lost.id, OTHER)
        held = {owner.id: owner.claim.epoch for owner in (kept, stopped, ended, lost)}
        unknown = ExecutionId("no such")
        renewal = await stores.executions.renew(WORKER, {**held, unknown: Epoch(1)}, LEASE)
        assert renewal.lost == {ended.id, lost.id, unknown}
        assert renewal.cancels == {stopped.id: EndedBy.ADMIN}

    async def test_nothing_held_is_nothing_to_renew(self, stores: Stores) -> None:
        renewal = await stores.executions.renew(WORKER, {}, LEASE)
        assert (renewal.lost, dict(renewal.cancels)) == (frozenset(), {})

    async def test_an_execution_given_back_is_free_at_once_and_not_charged(self, stores: Stores) -> None:
        owner = await stores.own()
        for _ in range(2):
            await stores.executions.release(owner.id, owner.claim.epoch)
        claim = (await stores.claim(owner.id, OTHER)).claim
        assert (claim.epoch, claim.claims) == (2, 1)

    async def test_giving_back_what_another_owns_changes_nothing(self, stores: Stores) -> None:
        owner = await stores.own()
        await stores.take_over(owner.id)
        await stores.executions.release(owner.id, owner.claim.epoch)
        assert await stores.executions.claim(owner.id, WORKER, LEASE) is None

    async def test_orphans_are_what_nobody_holds_oldest_first(self, stores: Stores) -> None:
        lapsed = await stores.own()
        await stores.clock.advance(LEASE + 1)
        held, ended = await stores.own(), await stores.own()
        await ended.end()
        pending = await stores.start()
        now = stores.clock.now_ms()
        orphans = await stores.executions.orphans(10)
        assert list(orphans) == [
            Orphan(lapsed.id, pending=False, age_ms=now - lapsed.claim.created_ms),
            Orphan(pending.id, pending=True, age_ms=0),
        ]
        assert [orphan.id for orphan in await stores.executions.orphans(1)] == [lapsed.id]
        assert held.id not in {orphan.id for orphan in orphans}

    async def test_a_sole_node_voids_every_lease_at_its_start(self, stores: Stores) -> None:
        owners = [await stores.own() for _ in range(3)]
        await owners[0].end()
        await stores.start()
        assert await stores.executions.expire_leases() == 2
        assert (await stores.claim(owners[1].id, OTHER)).claim.epoch == 2


class StopContract:
    async def test_a_stop_says_how_the_execution_stands(self, stores: Stores) -> None:
        pending, owned, lapsed = await stores.start(), await stores.own(), await stores.own()
        await stores.executions.release(lapsed.id, lapsed.claim.epoch)
        views = {
            execution_id: await stores.executions.request_cancel(execution_id, EndedBy.USER)
            for execution_id in (pending.id, owned.id, lapsed.id)
        }
        assert [(view.ownership, view.status) for view in views.values() if view] == [
            (Ownership.PENDING, ExecutionStatus.PENDING),
            (Ownership.OWNED, ExecutionStatus.RUNNING),
            (Ownership.LAPSED, ExecutionStatus.RUNNING),
        ]
        assert (view := views[owned.id]) is not None
        assert (view.owner, view.kept_chars) == (WORKER, 0)
        assert await stores.executions.request_cancel(ExecutionId("no such"), EndedBy.USER) is None

    async def test_a_flag_waits_for_the_next_owner_and_its_first_giver_stays(self, stores: Stores) -> None:
        pending = await stores.start()
        await stores.executions.request_cancel(pending.id, EndedBy.USER)
        await stores.executions.request_cancel(pending.id, EndedBy.ADMIN)
        assert (await stores.claim(pending.id)).claim.cancel_requested is EndedBy.USER

    async def test_a_stop_that_comes_late_counts_what_was_kept(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.finish_prompt(output="naïve\x00", reasoning="hm")
        await owner.end()
        view = await stores.executions.request_cancel(owner.id, EndedBy.USER)
        assert view is not None
        assert (view.ownership, view.status, view.kept_chars) == (Ownership.TERMINAL, ExecutionStatus.COMPLETED, 8)

    async def test_an_attempt_still_live_at_the_end_keeps_what_it_had_said(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.commit(Delta(0, 1, "half"), Delta(0, 1, "hm", reasoning=True))
        last = owner.write(
            Delta(0, 1, " more"),
            finished(ExecutionStatus.CANCELLED),
            changes=[execution_ended(ExecutionStatus.CANCELLED)],
        )
        await stores.log.commit([last])
        view = await stores.executions.request_cancel(owner.id, EndedBy.USER)
        assert view is not None
        assert view.kept_chars == len("halfhm more")


class ExecutionStoreContract(StartContract, RerunContract, ClaimContract, LeaseContract, StopContract):
    """All of it."""
