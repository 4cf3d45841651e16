from __future__ import annotations

import asyncio

import msgspec
import pytest

from app.db.database import Storage
from app.db.errors import AssistantBusy, AssistantNotFound, StatusConflict, VersionConflict
from app.db.records import AssistantStatus, UserRecord, UserRole
from app.db.slugs import slug_of
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import AssistantId, PrincipalId, PromptId
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import AWKWARD
from tests.support.sql_stores import sql_stores

DEFINITION = Definition(
    "Letter writer",
    description=AWKWARD,
    fields=(InputField("topic", FieldType.SHORT_TEXT),),
    prompts=(PromptDefinition(PromptId("p1"), "Write", AWKWARD, "scripted/echo", input_mapping={"a": "b"}),),
)
NOWHERE = AssistantId("nowhere")


@pytest.fixture
async def ada(storage: Storage) -> UserRecord:
    return await storage.users.create("ada@example.org", "Ada")


async def test_a_new_assistant_is_a_draft_with_version_one(storage: Storage, ada: UserRecord, clock: FakeClock) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION)
    assert (made.slug, made.name, made.description) == ("letter-writer", "Letter writer", AWKWARD)
    assert (made.owner_id, made.status, made.version) == (ada.id, AssistantStatus.DRAFT, 1)
    assert (made.created_ms, made.updated_ms, made.reject_reason) == (clock.now_ms(), clock.now_ms(), None)
    assert made.definition == DEFINITION
    assert await storage.assistants.get(made.id) == made
    assert await storage.assistants.get("letter-writer") == made
    assert await storage.assistants.get("letter") is None


async def test_assistants_of_one_name_get_slugs_of_their_own(storage: Storage, ada: UserRecord) -> None:
    made = await asyncio.gather(*(storage.assistants.create(ada.id, DEFINITION) for _ in range(3)))
    assert sorted(one.slug for one in made) == ["letter-writer", "letter-writer-2", "letter-writer-3"]
    longer = await storage.assistants.create(ada.id, msgspec.structs.replace(DEFINITION, name="Letter writer 2"))
    assert longer.slug == "letter-writer-2-2"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Résumé & Brief!", "resume-brief"),
        ("  --  ", "assistant"),
        ("日本語", "assistant"),
        ("x" * 100, "x" * 60),
        ("0192f0c1-2d3e-7abc-8def-0123456789ab", "assistant-0192f0c1-2d3e-7abc-8def-0123456789ab"),
    ],
)
def test_a_slug_is_plain_ascii_and_never_looks_like_an_id(name: str, slug: str) -> None:
    assert slug_of(name) == slug


async def test_a_change_is_a_new_version_and_the_old_one_stays(
    storage: Storage, ada: UserRecord, clock: FakeClock
) -> None:
    bob = await storage.users.create("bob@example.org", "Bob")
    made = await storage.assistants.create(ada.id, DEFINITION)
    await clock.advance(5)
    renamed = msgspec.structs.replace(DEFINITION, name="Postcard writer")
    changed = await storage.assistants.change(made.id, renamed, bob.id)
    assert (changed.version, changed.name, changed.slug) == (2, "Postcard writer", "letter-writer")
    assert changed.updated_ms - changed.created_ms == 5000
    summaries = await storage.assistants.versions(made.id)
    assert [(one.number, one.name, one.created_by) for one in summaries] == [
        (2, "Postcard writer", bob.id),
        (1, "Letter writer", ada.id),
    ]
    first = await storage.assistants.version(made.id, 1)
    assert first is not None
    assert (first.id, first.definition) == (made.version_id, DEFINITION)
    assert await storage.assistants.version(made.id, 3) is None
    assert not await storage.assistants.versions(NOWHERE)


async def test_changes_at_once_get_numbers_of_their_own(storage: Storage, ada: UserRecord) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION)
    await asyncio.gather(*(storage.assistants.change(made.id, DEFINITION, ada.id) for _ in range(10)))
    assert [one.number for one in await storage.assistants.versions(made.id)] == list(range(11, 0, -1))


async def test_of_changes_at_once_that_build_on_one_version_one_is_stored(storage: Storage, ada: UserRecord) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION)

    async def change(number: int) -> int:
        named = msgspec.structs.replace(DEFINITION, name=f"Number {number}")
        return (await storage.assistants.change(made.id, named, ada.id, [made.version])).version

    told = await asyncio.gather(*(change(number) for number in range(10)), return_exceptions=True)
    assert told.count(2) == 1
    refused = [one for one in told if isinstance(one, VersionConflict)]
    assert len(refused) == 9
    assert {str(one) for one in refused} == {
        "Ada saved version 2 in between. Look at it, then save on top of it or leave it."
    }
    stored = await storage.assistants.get(made.id)
    assert stored is not None
    assert (stored.version, stored.name) == (2, f"Number {told.index(2)}")
    assert (await storage.assistants.change(made.id, DEFINITION, ada.id, [1, 2])).version == 3


@pytest.mark.parametrize("status", list(AssistantStatus))
async def test_only_an_approved_assistant_that_changes_must_be_approved_again(
    storage: Storage, ada: UserRecord, status: AssistantStatus
) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION, status)
    changed = await storage.assistants.change(made.id, DEFINITION, ada.id)
    approved = status is AssistantStatus.APPROVED
    assert changed.status is (AssistantStatus.PENDING_APPROVAL if approved else status)


async def test_a_status_moves_only_from_where_it_may(storage: Storage, ada: UserRecord) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION)
    pending, rejected = AssistantStatus.PENDING_APPROVAL, AssistantStatus.REJECTED
    with pytest.raises(StatusConflict, match="draft"):
        await storage.assistants.set_status(made.id, rejected, {pending}, "unclear")
    await storage.assistants.set_status(made.id, pending, {AssistantStatus.DRAFT})
    refused = await storage.assistants.set_status(made.id, rejected, {pending}, AWKWARD)
    assert (refused.status, refused.reject_reason) == (rejected, AWKWARD)
    again = await storage.assistants.set_status(made.id, pending, {rejected})
    assert (again.status, again.reject_reason) == (pending, None)


async def test_what_is_not_there_cannot_be_changed(storage: Storage, ada: UserRecord) -> None:
    made = await storage.assistants.create(ada.id, DEFINITION)
    # A slug names it for reading only.
    for unknown in (NOWHERE, AssistantId(made.slug)):
        with pytest.raises(AssistantNotFound):
            await storage.assistants.change(unknown, DEFINITION, ada.id)
        with pytest.raises(AssistantNotFound):
            await storage.assistants.set_status(unknown, AssistantStatus.APPROVED, set(AssistantStatus))
        with pytest.raises(AssistantNotFound):
            await storage.assistants.delete(unknown)


async def test_a_list_shows_approved_ones_and_ones_own_and_to_an_admin_all(
    storage: Storage, ada: UserRecord, clock: FakeClock
) -> None:
    bob = await storage.users.create("bob@example.org", "Bob")
    root = await storage.users.create("root@example.org", "Root", UserRole.ADMIN)
    made = {}
    for owner in (ada, bob):
        for status in (AssistantStatus.DRAFT, AssistantStatus.APPROVED):
            made[owner.name, status.value] = (await storage.assistants.create(owner.id, DEFINITION, status)).id
            await clock.advance(1)

    async def seen_by(viewer: UserRecord) -> list[AssistantId]:
        seen: list[AssistantId] = []
        cursor = None
        while True:
            page = await storage.assistants.list(viewer, 2, cursor)
            seen += [one.id for one in page.items]
            if (cursor := page.next_cursor) is None:
                return seen

    newest_first = list(reversed(made.values()))
    assert await seen_by(root) == newest_first
    assert await seen_by(ada) == [one for one in newest_first if one != made["Bob", "draft"]]
    assert await seen_by(bob) == [one for one in newest_first if one != made["Ada", "draft"]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Größe messen", "Letter to SHOP", "Letter writer"]),
        ("letter", ["Letter to SHOP", "Letter writer"]),
        ("shop LETTER", ["Letter to SHOP"]),
        ("GRÖSSE", ["Größe messen"]),
        ("%", []),
        ("draft", []),
    ],
)
async def test_a_search_finds_every_word_in_any_case_among_what_may_be_seen(
    storage: Storage, ada: UserRecord, clock: FakeClock, text: str, found: list[str]
) -> None:
    bob = await storage.users.create("bob@example.org", "Bob")
    for name in ("Letter writer", "Letter to SHOP", "Größe messen"):
        await storage.assistants.create(ada.id, Definition(name), AssistantStatus.APPROVED)
        await clock.advance(1)
    await storage.assistants.create(ada.id, Definition("Somebody's draft letter"))
    names: list[str] = []
    cursor = None
    while True:
        page = await storage.assistants.search(bob, text, 1, cursor)
        names += [one.name for one in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert names == found


async def test_an_assistant_with_live_executions_stays(storage: Storage, clock: FakeClock) -> None:
    stores = sql_stores(storage, clock)
    owner = await stores.own()
    with pytest.raises(AssistantBusy):
        await storage.assistants.delete(owner.claim.assistant_id)
    await owner.end()
    await storage.assistants.delete(owner.claim.assistant_id)
    assert await storage.assistants.get(owner.claim.assistant_id) is None
    assert await storage.executions.record(owner.id) is None
    assert await storage.log_store.handle(owner.id) is None


async def test_those_of_one_author_or_of_all_in_one_status_or_in_any(storage: Storage, ada: UserRecord) -> None:
    bob = await storage.users.create("bob@example.org", "Bob")
    draft = await storage.assistants.create(ada.id, DEFINITION)
    approved = await storage.assistants.create(bob.id, DEFINITION, AssistantStatus.APPROVED)
    assert [one.id for one in (await storage.assistants.authored(ada.id, None, 10)).items] == [draft.id]
    assert (await storage.assistants.authored(ada.id, AssistantStatus.APPROVED, 10)).items == ()
    assert [one.id for one in (await storage.assistants.authored(None, AssistantStatus.APPROVED, 10)).items] == [
        approved.id
    ]
    first = await storage.assistants.authored(None, None, 1)
    second = await storage.assistants.authored(None, None, 1, first.next_cursor)
    assert {first.items[0].id, second.items[0].id} == {draft.id, approved.id}
    assert second.next_cursor is None


async def test_the_addresses_of_the_users_that_there_are(storage: Storage, ada: UserRecord) -> None:
    nobody = PrincipalId("nobody")
    assert await storage.users.emails([ada.id, ada.id, nobody]) == {ada.id: "ada@example.org"}
    assert await storage.users.emails([]) == {}
