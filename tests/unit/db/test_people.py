from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from app.db.database import Storage
from app.db.errors import EmailTaken, InvalidCursor
from app.db.records import UserRecord, UserRole
from app.db.tables import users
from lib.streaming.types import PrincipalId
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import AWKWARD

NOBODY = PrincipalId("nobody")


async def disable(storage: Storage) -> None:
    await storage.database.write(lambda connection: connection.execute(update(users).values(disabled=True)).close())


async def test_a_user_is_found_by_id_and_by_address_in_any_case(storage: Storage, clock: FakeClock) -> None:
    assert await storage.users.count() == 0
    made = await storage.users.create(" Ada@Example.org ", AWKWARD, UserRole.ADMIN)
    assert (made.email, made.name, made.role) == ("ada@example.org", AWKWARD, UserRole.ADMIN)
    assert (made.disabled, made.created_ms) == (False, clock.now_ms())
    assert await storage.users.by_id(made.id) == made
    assert await storage.users.by_email("ADA@example.ORG") == made
    assert await storage.users.count() == 1


async def test_an_unknown_user_is_none(storage: Storage) -> None:
    assert await storage.users.by_id(NOBODY) is None
    assert await storage.users.by_email("nobody@example.org") is None


async def test_an_address_is_given_once(storage: Storage) -> None:
    await storage.users.create("ada@example.org", "Ada")
    with pytest.raises(EmailTaken):
        await storage.users.create("ADA@example.org", "Another Ada")


async def test_a_password_can_be_set_and_taken_away(storage: Storage) -> None:
    user = await storage.users.create("ada@example.org", "Ada", password_hash="first")
    assert await storage.users.password_hash(user.id) == "first"
    assert await storage.users.set_password_hash(user.id, None)
    assert await storage.users.password_hash(user.id) is None
    assert not await storage.users.set_password_hash(NOBODY, "x")


async def test_users_come_page_by_page_in_the_order_they_were_made(storage: Storage, clock: FakeClock) -> None:
    made = []
    for number in range(5):
        made.append(await storage.users.create(f"{number}@example.org", ""))
        await clock.advance(number % 2)
    seen: list[UserRecord] = []
    cursor = None
    while True:
        page = await storage.users.list(2, cursor)
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert seen == made


@pytest.mark.parametrize("cursor", ["", "?", "é", "AAAA", "MTIz", "LTEuYQ", "OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ", "gICA"])
async def test_a_cursor_of_nowhere_is_refused(storage: Storage, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await storage.users.list(2, cursor)


async def test_a_session_brings_its_user_until_it_expires(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.sessions.create(user.id, b"hash", clock.now_ms() + 10_000)
    found = await storage.sessions.find(b"hash")
    assert found is not None
    assert (found.user, found.expires_ms) == (user, clock.now_ms() + 10_000)
    await clock.advance(4)
    await storage.sessions.touch(b"hash")
    found = await storage.sessions.find(b"hash")
    assert found is not None
    assert found.last_seen_ms - found.created_ms == 4000
    await clock.advance(6)
    assert await storage.sessions.find(b"hash") is None
    assert await storage.sessions.find(b"other") is None


async def test_a_deleted_session_and_a_disabled_user_are_shut_out(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    for token in (b"one", b"two"):
        await storage.sessions.create(user.id, token, clock.now_ms() + 1000)
    assert await storage.sessions.delete(b"one")
    assert not await storage.sessions.delete(b"one")
    assert await storage.sessions.find(b"one") is None
    await disable(storage)
    assert await storage.sessions.find(b"two") is None


async def test_a_link_works_once_for_one_of_many_who_click(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.sessions.create_link(user.id, b"link", clock.now_ms() + 1000)
    clicks = (storage.sessions.consume_link(b"link", clock.now_ms()) for _ in range(20))
    answers = await asyncio.gather(*clicks)
    assert answers.count(user) == 1
    assert answers.count(None) == 19


async def test_a_link_that_expired_or_never_was_gives_nothing(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.sessions.create_link(user.id, b"link", clock.now_ms() + 1000)
    assert await storage.sessions.consume_link(b"link", clock.now_ms() + 1000) is None
    assert await storage.sessions.consume_link(b"other", clock.now_ms()) is None
    await disable(storage)
    assert await storage.sessions.consume_link(b"link", clock.now_ms()) is None


async def test_what_has_expired_or_is_used_is_cleared_away(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    soon, later = clock.now_ms() + 1000, clock.now_ms() + 9000
    await storage.sessions.create(user.id, b"soon", soon)
    await storage.sessions.create(user.id, b"later", later)
    await storage.sessions.create_link(user.id, b"soon", soon)
    await storage.sessions.create_link(user.id, b"used", later)
    await storage.sessions.create_link(user.id, b"later", later)
    await storage.sessions.consume_link(b"used", clock.now_ms())
    await clock.advance(1)
    assert await storage.sessions.delete_expired() == 3
    assert await storage.sessions.find(b"later") is not None
    assert await storage.sessions.consume_link(b"later", clock.now_ms()) == user


async def test_a_key_is_stored_with_its_user(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    made = await storage.api_keys.create(
        key_id="k1",
        user_id=user.id,
        name="CI \x00",
        secret_hash=bytes(32),
        last_four="abcd",
        scopes=["executions:write", "assistants:read"],
        expires_ms=5,
    )
    assert (made.user, made.name, made.secret_hash, made.last_four) == (user, "CI \x00", bytes(32), "abcd")
    assert (made.scopes, made.expires_ms) == (("executions:write", "assistants:read"), 5)
    assert (made.created_ms, made.revoked_ms, made.last_used_ms) == (clock.now_ms(), None, None)
    assert await storage.api_keys.find("k1") == made
    assert await storage.api_keys.find("k2") is None


async def test_keys_are_listed_used_and_revoked(storage: Storage, clock: FakeClock) -> None:
    ada = await storage.users.create("ada@example.org", "Ada")
    bob = await storage.users.create("bob@example.org", "Bob")
    for key_id in ("old", "new"):
        await storage.api_keys.create(key_id=key_id, user_id=ada.id, name="", secret_hash=b"", last_four="", scopes=())
        await clock.advance(1)
    assert [key.key_id for key in await storage.api_keys.list(ada.id)] == ["new", "old"]
    assert not await storage.api_keys.list(bob.id)
    await storage.api_keys.touch("new")
    assert not await storage.api_keys.revoke("old", bob.id)
    assert await storage.api_keys.revoke("old", ada.id)
    assert not await storage.api_keys.revoke("old")
    new, old = await storage.api_keys.list(ada.id)
    assert (new.last_used_ms, new.revoked_ms) == (clock.now_ms(), None)
    assert old.revoked_ms == clock.now_ms()


async def test_audit_rows_come_newest_first_page_by_page(storage: Storage, clock: FakeClock) -> None:
    user = await storage.users.create("ada@example.org", "Ada")
    await storage.audit.add(None, "system.start", "service")
    for number in range(4):
        await storage.audit.add(user.id, "assistant.approve", f"a{number}", {"why": AWKWARD, "n": [number]}, "req")
    first = await storage.audit.list(3)
    assert [record.target for record in first.items] == ["a3", "a2", "a1"]
    assert (first.items[0].details, first.items[0].request_id) == ({"why": AWKWARD, "n": [3]}, "req")
    assert (first.items[0].actor_id, first.items[0].at_ms) == (user.id, clock.now_ms())
    rest = await storage.audit.list(3, first.next_cursor)
    assert [(record.target, record.actor_id) for record in rest.items] == [("a0", user.id), ("service", None)]
    assert rest.next_cursor is None
    with pytest.raises(InvalidCursor):
        await storage.audit.list(3, "MS54")
