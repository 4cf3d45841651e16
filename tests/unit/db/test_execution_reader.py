from __future__ import annotations

import pytest

from app.db.database import Storage
from app.db.errors import AssistantNotFound, ExecutionLive
from app.db.records import AttemptRecord, ExecutionFilter
from lib.streaming.execution_manager.lost_attempts import LostAttempts
from lib.streaming.ports.prices import NoPrices
from lib.streaming.types import (
    EndedBy,
    ExecutionId,
    ExecutionStatus,
    FinishReason,
    Message,
    PrincipalId,
    PromptStatus,
    Role,
    Usage,
    UsageSource,
    Value,
)
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import AWKWARD
from tests.support.sql_stores import sql_stores
from tests.support.stores import LEASE, Delta, Owner, Stores

NOWHERE = ExecutionId("nowhere")


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


async def test_a_record_tells_everything(storage: Storage, stores: Stores, clock: FakeClock) -> None:
    inputs: dict[str, Value] = {"topic": AWKWARD}
    accepted = await stores.start(inputs=inputs, on_disconnect="cancel")
    created = clock.now_ms()
    await clock.advance(1)
    owner = await stores.claim(accepted.id)
    started = clock.now_ms()
    await owner.begin("draft")
    await owner.retry("draft", 1)
    await owner.begin("draft", 2)
    usage = Usage(1, 2, 3, UsageSource.ESTIMATED, 4, 5)
    await owner.finish_prompt(
        "draft",
        2,
        output=AWKWARD,
        reasoning="hm",
        finish_reason=FinishReason.LENGTH,
        usage=usage,
        first_token_ms=6,
        duration_ms=7,
    )
    await owner.finish_prompt("polish", 1, PromptStatus.SKIPPED, code="earlier_failed", message=AWKWARD)
    await clock.advance(1)
    await stores.executions.request_cancel(owner.id, EndedBy.ADMIN)
    await owner.end(
        ExecutionStatus.FAILED, code="x", message=AWKWARD, usage=usage, duration_ms=9, ended_by=EndedBy.ADMIN
    )
    record = await storage.executions.record(owner.id)
    assert record is not None
    assert (record.inputs, record.on_disconnect, record.epoch) == (inputs, "cancel", 1)
    assert (record.status, record.code, record.message) == (ExecutionStatus.FAILED, "x", AWKWARD)
    assert (record.ended_by, record.cancel_requested, record.usage) == (EndedBy.ADMIN, EndedBy.ADMIN, usage)
    assert (record.created_ms, record.started_ms, record.finished_ms) == (created, started, clock.now_ms())
    assert (record.assistant_name, record.version) == ("Two prompts", 1)
    draft, polish = record.prompts
    assert (draft.prompt_id, draft.name, draft.position) == ("draft", "Draft", 0)
    first, second = draft.attempts
    assert (first.attempt, first.status, first.code) == (1, PromptStatus.FAILED, "upstream_overloaded")
    assert first.messages == (Message(Role.USER, "do draft"),)
    assert (second.status, second.output, second.reasoning) == (PromptStatus.COMPLETED, AWKWARD, "hm")
    assert (second.model, second.provider, second.finish_reason) == ("scripted/echo", "scripted", FinishReason.LENGTH)
    assert (second.usage, second.first_token_ms, second.duration_ms) == (usage, 6, 7)
    assert second.started_ms == started
    (skipped,) = polish.attempts
    assert (skipped.status, skipped.model, skipped.messages) == (PromptStatus.SKIPPED, None, ())
    assert (skipped.code, skipped.message) == ("earlier_failed", AWKWARD)


async def test_an_attempt_lost_with_its_worker_is_live_until_the_next_one_ends_it(
    storage: Storage, stores: Stores
) -> None:
    owner = await stores.own()
    await owner.begin("draft")
    await owner.commit(Delta(0, 1, "half "), Delta(0, 1, "of it"))
    successor = await stores.take_over(owner.id)
    assert (await first_attempt(storage, owner.id)).status is PromptStatus.RUNNING
    lost = LostAttempts(successor.claim.interrupted, NoPrices())
    await successor.commit(changes=[end for _, end in lost.take_ends()])
    attempt = await first_attempt(storage, owner.id)
    assert (attempt.status, attempt.code, attempt.output) == (PromptStatus.FAILED, "worker_lost", "half of it")
    assert attempt.usage == Usage(2, 3, 5, UsageSource.ESTIMATED)
    assert attempt.duration_ms == (LEASE + 1) * 1000


async def first_attempt(storage: Storage, execution_id: ExecutionId) -> AttemptRecord:
    record = await storage.executions.record(execution_id)
    assert record is not None
    return record.prompts[0].attempts[0]


async def test_attempts_still_live_share_the_end_of_their_execution(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await owner.begin("draft")
    await owner.commit(Delta(0, 1, "half"))
    await owner.end(ExecutionStatus.TIMED_OUT, code="execution_timeout", message="too long")
    record = await storage.executions.record(owner.id)
    assert record is not None
    (attempt,) = record.prompts[0].attempts
    assert (attempt.status, attempt.code, attempt.message) == (PromptStatus.TIMED_OUT, "execution_timeout", "too long")
    assert attempt.output == "half"


async def test_a_record_stays_the_same_when_the_log_is_packed(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await owner.begin("draft")
    await owner.commit(Delta(0, 1, AWKWARD))
    await owner.finish_prompt(output=AWKWARD)
    await owner.end()
    before = await storage.executions.record(owner.id)
    await stores.executions.compact(owner.id)
    assert await storage.executions.record(owner.id) == before


async def test_what_is_not_there_has_no_record_and_no_owner(storage: Storage) -> None:
    assert await storage.executions.record(NOWHERE) is None
    assert await storage.executions.owner_of(NOWHERE) is None
    assert not await storage.executions.delete(NOWHERE)


async def test_an_execution_belongs_to_who_started_it(storage: Storage, stores: Stores) -> None:
    ada = await stores.principal("ada")
    owner = await stores.own(principal_id=ada)
    assert await storage.executions.owner_of(owner.id) == ada


async def test_only_a_finished_execution_can_be_deleted(storage: Storage, stores: Stores) -> None:
    pending, owner = await stores.start(), await stores.own()
    for live in (pending.id, owner.id):
        with pytest.raises(ExecutionLive):
            await storage.executions.delete(live)
    await owner.end()
    assert await storage.executions.delete(owner.id)
    assert await storage.executions.record(owner.id) is None
    assert set(await owner.commit(Delta(0, 1, "late"))) == {owner.id}


async def history(stores: Stores) -> list[Owner]:
    """Three of Ada's, then two of Bob's, a second apart; every other one has ended."""
    owners = []
    for number, name in enumerate(["ada", "ada", "ada", "bob", "bob"]):
        owner = await stores.own(principal_id=await stores.principal(name))
        if number % 2 == 0:
            await owner.end()
        owners.append(owner)
        await stores.clock.advance(1)
    return owners


async def pages(storage: Storage, principal: PrincipalId | None, **where: object) -> list[ExecutionId]:
    seen: list[ExecutionId] = []
    cursor = None
    while True:
        page = await storage.executions.list(principal, 2, cursor, ExecutionFilter(**where))  # type: ignore[arg-type]
        seen += [item.id for item in page.items]
        if (cursor := page.next_cursor) is None:
            return seen


async def test_executions_are_listed_newest_first_for_one_or_for_all(storage: Storage, stores: Stores) -> None:
    owners = await history(stores)
    newest_first = [owner.id for owner in reversed(owners)]
    assert await pages(storage, None) == newest_first
    assert await pages(storage, await stores.principal("ada")) == newest_first[2:]
    assert await pages(storage, PrincipalId("nobody")) == []


async def test_a_list_can_be_narrowed(storage: Storage, stores: Stores) -> None:
    owners = await history(stores)
    ids = [owner.id for owner in owners]
    assert await pages(storage, None, status=ExecutionStatus.RUNNING) == [ids[3], ids[1]]
    assert await pages(storage, None, assistant_id=owners[2].claim.assistant_id) == [ids[2]]
    times = [owner.claim.created_ms for owner in owners]
    assert await pages(storage, None, from_ms=times[1], to_ms=times[3]) == [ids[2], ids[1]]


async def test_executions_made_in_one_millisecond_are_all_listed_once(storage: Storage, stores: Stores) -> None:
    made = {(await stores.start()).id for _ in range(5)}
    listed = await pages(storage, None)
    assert len(listed) == 5
    assert set(listed) == made


async def test_a_summary_names_the_version_it_is_pinned_to(storage: Storage, stores: Stores) -> None:
    owner = await stores.own()
    await owner.end(ExecutionStatus.FAILED, code="c", message="m", usage=Usage(1, 2, 3))
    (summary,) = (await storage.executions.list(None, 10)).items
    assert (summary.assistant_name, summary.version) == ("Two prompts", 1)
    assert (summary.status, summary.code, summary.message) == (ExecutionStatus.FAILED, "c", "m")
    assert summary.usage == Usage(1, 2, 3)


async def test_a_start_of_a_version_that_is_gone_says_so(storage: Storage, stores: Stores) -> None:
    new = await stores.new()
    await storage.assistants.delete(new.assistant_id)
    with pytest.raises(AssistantNotFound):
        await stores.executions.create(new)
