"""What administrators ask of the database: figures, what runs now, models, the audit; and the last administrator."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.db.database import Storage
from app.db.errors import LastAdministrator, UserNotFound
from app.db.percentiles import Percentiles, percentiles
from app.db.records import AssistantStatus, AuditFilter, AuditRecord, UserChange, UserRecord, UserRole
from lib.streaming.types import ExecutionStatus, PrincipalId, Usage, UsageSource
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import AWKWARD
from tests.support.service import echo
from tests.support.sql_stores import sql_stores
from tests.support.stores import Delta, Stores

DAY = 86_400
SHUT_OUT = UserChange(disabled=True)
DEMOTED = UserChange(role=UserRole.USER)


@pytest.fixture
def stores(storage: Storage, clock: FakeClock) -> Stores:
    return sql_stores(storage, clock)


# --- people -----------------------------------------------------------------------------------------------------


async def test_only_what_is_named_changes(storage: Storage) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    assert await storage.users.change(user.id, UserChange()) == user
    named = await storage.users.change(user.id, UserChange(name=AWKWARD))
    assert (named.name, named.role, named.disabled) == (AWKWARD, UserRole.USER, False)
    raised = await storage.users.change(user.id, UserChange(role=UserRole.AUTHOR, disabled=True))
    assert await storage.users.by_id(user.id) == raised
    assert (raised.name, raised.role, raised.disabled) == (AWKWARD, UserRole.AUTHOR, True)
    with pytest.raises(UserNotFound):
        await storage.users.change(PrincipalId("nobody"), SHUT_OUT)


@pytest.mark.parametrize("change", [SHUT_OUT, DEMOTED])
async def test_the_last_administrator_stays(storage: Storage, change: UserChange) -> None:
    first = await storage.users.create("first@example.org", "", UserRole.ADMIN)
    second = await storage.users.create("second@example.org", "", UserRole.ADMIN)
    await storage.users.change(second.id, change)
    with pytest.raises(LastAdministrator):
        await storage.users.change(first.id, change)
    assert await storage.users.by_id(first.id) == first
    # One that is no administrator who may sign in can be changed in any way.
    await storage.users.change(second.id, SHUT_OUT)


async def test_two_administrators_that_shut_each_other_out_at_once_leave_one(storage: Storage) -> None:
    people = [await storage.users.create(f"{number}@example.org", "", UserRole.ADMIN) for number in range(2)]
    ends = await asyncio.gather(*(storage.users.change(one.id, SHUT_OUT) for one in people), return_exceptions=True)
    assert [type(end) for end in ends if isinstance(end, Exception)] == [LastAdministrator]
    assert sum(isinstance(end, UserRecord) for end in ends) == 1


async def test_who_is_shut_out_has_no_session_and_no_link_left(storage: Storage, clock: FakeClock) -> None:
    user, other = [await storage.users.create(f"{number}@example.org", "") for number in range(2)]
    until = clock.now_ms() + 60_000
    for number, one in enumerate((user, other)):
        await storage.sessions.create(one.id, bytes([number]), until)
        await storage.sessions.create_link(one.id, bytes([number]), until)
    await storage.users.change(user.id, SHUT_OUT)
    await storage.users.change(user.id, UserChange(disabled=False))
    assert await storage.sessions.find(b"\0") is None
    assert await storage.sessions.consume_link(b"\0", clock.now_ms()) is None
    assert await storage.sessions.find(b"\1") is not None
    assert await storage.sessions.consume_link(b"\1", clock.now_ms()) == other


@pytest.mark.parametrize(("part", "found"), [("ADA", 1), ("example", 2), ("%", 0), ("_", 1), ("", 2), ("x.y", 0)])
async def test_an_address_is_found_by_any_part_of_it(storage: Storage, part: str, found: int) -> None:
    await storage.users.create("ada@example.org", "")
    await storage.users.create("bob_b@example.org", "")
    assert len((await storage.users.list(10, None, part)).items) == found


# --- lists ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, 4),
        ({"actor": True}, 3),
        ({"action": "a"}, 2),
        ({"target": "x"}, 3),
        ({"action": "a", "target": "x", "actor": True}, 1),
        ({"from_ms": 10_000}, 2),
        ({"to_ms": 10_000}, 2),
        ({"from_ms": 1, "to_ms": 10_001}, 2),
    ],
)
async def test_the_audit_is_narrowed_by_each_filter(
    storage: Storage, clock: FakeClock, where: dict[str, Any], found: int
) -> None:
    ada, began = await storage.users.create("ada@example.org", "Ada"), clock.now_ms()
    for seconds, actor, action, target in (
        (0, ada.id, "a", "x"),
        (0, None, "b", "x"),
        (10, ada.id, "b", "x"),
        (0, ada.id, "a", "y"),
    ):
        await clock.advance(seconds)
        await storage.audit.add(actor, action, target)
    moved = {name: began + value if name.endswith("_ms") else value for name, value in where.items()}
    if moved.pop("actor", False):
        moved["actor_id"] = ada.id
    kept = AuditFilter(**moved)
    page = await storage.audit.list(10, None, kept)
    assert len(page.items) == found
    assert {row.actor_email for row in page.items if row.actor_id} <= {"ada@example.org"}
    # One at a time it is the same, in the same order.
    cursor = None
    seen: list[AuditRecord] = []
    while len(seen) < found:
        one = await storage.audit.list(1, cursor, kept)
        seen += one.items
        cursor = one.next_cursor
    assert (tuple(seen), cursor) == (page.items, None)


async def test_everybody_s_keys_come_newest_first_page_by_page(storage: Storage, clock: FakeClock) -> None:
    people = [await storage.users.create(f"{number}@example.org", "") for number in range(2)]
    for number in range(5):
        await storage.api_keys.create(
            key_id=f"key-{number}", user_id=people[number % 2].id, name="", secret_hash=b"", last_four="", scopes=()
        )
        await clock.advance(number % 2)
    first = await storage.api_keys.all(3)
    rest = await storage.api_keys.all(3, first.next_cursor)
    assert [key.key_id for key in (*first.items, *rest.items)] == ["key-4", "key-3", "key-2", "key-1", "key-0"]
    assert rest.next_cursor is None
    assert [key.key_id for key in (await storage.api_keys.all(3, None, people[1].id)).items] == ["key-3", "key-1"]


async def test_assistants_are_found_by_status_with_their_definitions(storage: Storage, clock: FakeClock) -> None:
    ada = await storage.users.create("ada@example.org", "")
    for number in range(3):
        await storage.assistants.create(ada.id, echo(f"Waits {number}"), AssistantStatus.PENDING_APPROVAL)
        await clock.advance(1)
    await storage.assistants.create(ada.id, echo("Draft"))
    first = await storage.assistants.with_status(AssistantStatus.PENDING_APPROVAL, 2)
    rest = await storage.assistants.with_status(AssistantStatus.PENDING_APPROVAL, 2, first.next_cursor)
    assert [one.definition for one in (*first.items, *rest.items)] == [echo(f"Waits {n}") for n in (2, 1, 0)]


# --- figures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], Percentiles()),
        ([None], Percentiles()),
        ([7], Percentiles(7, 7, 1)),
        ([3, None, 1, 2], Percentiles(2, 3, 3)),
        (range(1, 101), Percentiles(50, 95, 100)),
    ],
)
async def test_a_percentile_is_a_value_that_was_measured(values: list[int | None], expected: Percentiles) -> None:
    assert percentiles(values) == expected


async def test_executions_are_counted_by_day_assistant_user_and_model(
    storage: Storage, stores: Stores, clock: FakeClock
) -> None:
    began = clock.now_ms() // (DAY * 1000) * (DAY * 1000)
    ada = await stores.principal("ada")
    used = Usage(2, 3, 5, UsageSource.PROVIDER)
    for number in range(3):
        owner = await stores.own(principal_id=ada)
        await owner.begin()
        await owner.finish_prompt(first_token_ms=10 * (number + 1), duration_ms=20, usage=used)
        await owner.end(duration_ms=100 * (number + 1), usage=used)
        await clock.advance(DAY)
    failed = await stores.own()
    await failed.end(ExecutionStatus.FAILED, code="upstream_error")
    live = await stores.own()
    found = await storage.statistics.between(began, began + 4 * DAY * 1000)
    days = {(row.day - began // (DAY * 1000), row.status.value, row.code): row for row in found.days}
    assert {key: row.runs for key, row in days.items()} == {
        (0, "completed", None): 1, (1, "completed", None): 1, (2, "completed", None): 1,
        (3, "failed", "upstream_error"): 1, (3, live.claim and "running", None): 1,
    }  # fmt: skip
    assert (days[1, "completed", None].input_tokens, days[1, "completed", None].output_tokens) == (2, 3)
    assert sum(share.runs for share in found.assistants) == 5
    (share,) = (share for share in found.users if share.id == ada)
    assert (share.name, share.runs, share.failed, share.output_tokens) == ("ada@example.org", 3, 0, 9)
    assert found.users[0] == share
    (model,) = found.models
    assert (model.id, model.runs, model.input_tokens) == ("scripted/echo", 3, 6)
    assert (found.sampled, found.first_token_ms) == (5, Percentiles(20, 30, 3))
    assert found.duration_ms == Percentiles(100, 300, 4)
    assert [one.model for one in found.by_model] == ["scripted/echo"]
    later = await storage.statistics.between(began + DAY * 1000, began + 2 * DAY * 1000)
    assert [(row.status.value, row.runs) for row in later.days] == [("completed", 1)]


async def test_what_runs_now_tells_how_fast_text_comes(storage: Storage, stores: Stores, clock: FakeClock) -> None:
    assert (await storage.running.now()).items == ()
    slow, quick = await stores.own(), await stores.own()
    for owner in (slow, quick):
        await owner.begin()
    await slow.commit(Delta(0, 1, "y" * 1000))
    await clock.advance(60)
    await quick.commit(Delta(0, 1, "x" * 398))
    ended = await stores.own()
    await ended.end()
    now = await storage.running.now()
    assert (now.total, [item.id for item in now.items]) == (2, [slow.id, quick.id])
    assert [item.age_ms for item in now.items] == [60_000, 60_000]
    assert [item.tokens_per_second for item in now.items] == [0, 10.0]


async def test_models_are_counted_by_current_versions_and_recent_executions(
    storage: Storage, stores: Stores, clock: FakeClock
) -> None:
    ada = await stores.principal("ada")
    made = await storage.assistants.create(ada, echo(model="scripted/old"))
    await storage.assistants.change(made.id, echo(model="scripted/new"), ada)
    owner = await stores.own()
    for attempt in (1, 2):
        await owner.begin(attempt=attempt)
        await (owner.retry(attempt=attempt) if attempt == 1 else owner.finish_prompt(attempt=attempt))
    await owner.end()
    uses = {use.model: use for use in await storage.model_usage.all()}
    assert "scripted/old" not in uses
    assert (uses["scripted/new"].prompts, uses["scripted/new"].runs) == (1, 0)
    assert uses["scripted/echo"].runs == 1
    await clock.advance(31 * DAY)
    assert {use.model: use.runs for use in await storage.model_usage.all()}["scripted/echo"] == 0
