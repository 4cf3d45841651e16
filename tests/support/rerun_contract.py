"""What every `ExecutionStore` must do with a rerun."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lib.streaming.errors import ContentsRemoved
from lib.streaming.ports.execution_store import Claimant, KeptResult, Rerun
from lib.streaming.types import ExecutionStatus, FinishReason, NanoDollars, PromptId, PromptStatus, Usage
from tests.support.log_store_contract import AWKWARD
from tests.support.stores import LEASE, WORKER, Owner, Stores

DRAFT, POLISH = PromptId("draft"), PromptId("polish")


class RerunContract:
    async def test_a_rerun_has_what_it_keeps_from_its_first_commit(self, stores: Stores) -> None:
        done = await _completed(stores)
        again = (await stores.own(**_again(done, keep=(DRAFT,)))).claim
        assert (again.results, again.attempts, again.ended) == ({DRAFT: AWKWARD}, {DRAFT: 1}, {})
        assert (again.usage, again.cost, again.interrupted) == (None, 0, ())
        assert again.kept == (KeptResult(DRAFT, "scripted/echo", "scripted", AWKWARD, "hm", FinishReason.STOP),)

    async def test_a_rerun_by_a_worker_with_room_is_as_if_it_had_been_claimed_next(self, stores: Stores) -> None:
        done = await _completed(stores)
        changes = _again(done, keep=(DRAFT,))
        at_once = await stores.executions.create(await stores.new(**changes), Claimant(WORKER, LEASE))
        later = (await stores.own(**changes)).claim
        assert at_once.claim is not None
        mine, theirs = msgspec.structs.asdict(at_once.claim), msgspec.structs.asdict(later)
        for own in ("handle", "assistant_id", "assistant_name"):
            del mine[own], theirs[own]
        assert mine == theirs

    async def test_what_is_kept_outlives_an_owner_and_is_never_interrupted(self, stores: Stores) -> None:
        done = await _completed(stores)
        first = await stores.own(**_again(done, keep=(DRAFT,)))
        second = (await stores.take_over(first.id)).claim
        assert (second.kept, second.results, second.usage) == (first.claim.kept, {DRAFT: AWKWARD}, None)
        assert (second.attempts, second.interrupted) == ({DRAFT: 1}, ())

    async def test_a_rerun_of_a_rerun_keeps_what_that_one_kept(self, stores: Stores) -> None:
        done = await _completed(stores)
        first = await stores.own(**_again(done, keep=(DRAFT,)))
        second = await stores.own(**_again(first, keep=(DRAFT,)))
        assert second.claim.kept == first.claim.kept

    async def test_a_rerun_that_keeps_nothing_begins_anew(self, stores: Stores) -> None:
        done = await _completed(stores)
        again = (await stores.own(**_again(done, keep=()))).claim
        assert (again.results, again.attempts, again.kept) == ({}, {}, ())

    async def test_what_never_completed_cannot_be_kept_and_nothing_is_stored(self, stores: Stores) -> None:
        done = await _completed(stores)
        new = await stores.new(**_again(done, keep=(DRAFT, POLISH)))
        for claimant in (None, Claimant(WORKER, LEASE)):
            with pytest.raises(ContentsRemoved):
                await stores.executions.create(new, claimant)
        assert await stores.log.handle(new.id) is None


async def _completed(stores: Stores) -> Owner:
    """An execution whose first prompt completed at its second attempt; its second prompt failed."""
    owner = await stores.own()
    await owner.begin("draft", 1)
    await owner.retry("draft", 1)
    await owner.begin("draft", 2)
    await owner.finish_prompt(
        "draft", 2, output=AWKWARD, reasoning="hm", finish_reason=FinishReason.STOP, usage=Usage(1, 2, 3),
        cost=NanoDollars(9), duration_ms=9,
    )  # fmt: skip
    await owner.begin("polish", 1)
    await owner.finish_prompt("polish", 1, PromptStatus.FAILED, code="upstream_error")
    await owner.end(ExecutionStatus.FAILED, code="upstream_error")
    return owner


def _again(owner: Owner, keep: tuple[PromptId, ...]) -> dict[str, Any]:
    """A start that runs an execution again."""
    return {"rerun": Rerun(owner.id, keep)}
