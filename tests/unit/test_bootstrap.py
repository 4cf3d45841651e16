"""What a fresh installation gets, and what a second start leaves alone."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.api.signing_in import link_hash
from app.bootstrap import Bootstrap, NoAdministrator
from app.db.database import Storage, open_database
from app.db.records import AssistantStatus, UserRole
from app.examples import load_examples
from app.model_sources import SCRIPTED_MODEL, example_assistants
from app.settings import Settings
from app.settings.key_format import generate_key
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory
from tests.support.database import fresh_database

CLOCK = SystemClock()
GIVEN_KEY = generate_key(lambda count: b"k" * count).text


class Deployment:
    """A data directory that is started again and again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.url = fresh_database(directory)

    def settings(self, **environment: str) -> Settings:
        base = {"AA_DATA_DIR": str(self.directory), "AA_DATABASE_URL": self.url, "AA_LOCAL_MODEL": "off"}
        return Settings.load(base | environment)

    @asynccontextmanager
    async def storage(self) -> AsyncIterator[Storage]:
        storage = await open_database(self.url, CLOCK, Uuid7Factory(CLOCK.now_ms))
        try:
            yield storage
        finally:
            await storage.close()


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


async def test_a_fresh_installation_gets_an_administrator_the_examples_a_key_and_a_link(deployment: Deployment) -> None:
    settings = deployment.settings()
    async with deployment.storage() as storage:
        welcome = await Bootstrap.of(settings, storage).run(example_assistants(settings))
        admin = await storage.users.by_email("admin@localhost")
        assert admin is not None
        assert (admin.role, welcome.email) == (UserRole.ADMIN, admin.email)
        listed = (await storage.assistants.list(admin, 100)).items
        assert {one.name for one in listed} == {example.name for example in load_examples()}
        assert {one.status for one in listed} == {AssistantStatus.APPROVED}
        user = await storage.sessions.consume_link(link_hash(welcome.link_token), CLOCK.now_ms())
        assert user == admin
    kept = deployment.directory / "api_key"
    assert kept.read_text().strip() == welcome.api_key
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_a_second_start_changes_nothing_but_the_link(deployment: Deployment) -> None:
    settings = deployment.settings()
    examples = example_assistants(settings)
    async with deployment.storage() as storage:
        first = await Bootstrap.of(settings, storage).run(examples)
        second = await Bootstrap.of(settings, storage).run(examples)
        admin = await Bootstrap.of(settings, storage).oldest_administrator()
        assert (await storage.users.count(), len(await storage.api_keys.list(admin.id))) == (1, 1)
        assert len((await storage.assistants.list(admin, 100)).items) == len(examples)
    assert (second.api_key, second.email) == (first.api_key, first.email)
    assert second.link_token != first.link_token


async def test_an_example_that_was_removed_stays_removed(deployment: Deployment) -> None:
    settings = deployment.settings()
    examples = example_assistants(settings)
    async with deployment.storage() as storage:
        await Bootstrap.of(settings, storage).run(examples)
        admin = await Bootstrap.of(settings, storage).oldest_administrator()
        gone = (await storage.assistants.list(admin, 100)).items[0]
        await storage.assistants.delete(gone.id)
        await Bootstrap.of(settings, storage).run(examples)
        assert gone.id not in {one.id for one in (await storage.assistants.list(admin, 100)).items}
        assert len((await storage.assistants.list(admin, 100)).items) == len(examples) - 1


async def test_a_start_that_was_killed_half_way_is_completed_by_the_next(deployment: Deployment) -> None:
    settings = deployment.settings()
    examples = example_assistants(settings)
    async with deployment.storage() as storage:
        admin = await storage.users.create("admin@localhost", "Administrator", UserRole.ADMIN)
        await storage.assistants.create(admin.id, examples[0], AssistantStatus.APPROVED)
        await Bootstrap.of(settings, storage).run(examples)
        names = [one.name for one in (await storage.assistants.list(admin, 100)).items]
    assert sorted(names) == sorted(example.name for example in examples)


async def test_without_the_bundled_model_the_examples_ask_the_scripted_one(deployment: Deployment) -> None:
    models = {prompt.model for one in example_assistants(deployment.settings()) for prompt in one.prompts}
    assert models == {SCRIPTED_MODEL}


async def test_the_first_administrator_and_key_may_be_given(deployment: Deployment) -> None:
    settings = deployment.settings(AA_BOOTSTRAP_EMAIL="ada@example.org", AA_BOOTSTRAP_API_KEY=GIVEN_KEY)
    async with deployment.storage() as storage:
        welcome = await Bootstrap.of(settings, storage).run([])
        again = await Bootstrap.of(settings, storage).run([])
    assert (welcome.email, welcome.api_key, again.api_key) == ("ada@example.org", GIVEN_KEY, GIVEN_KEY)
    assert not (deployment.directory / "api_key").exists()


async def test_what_is_given_counts_only_while_there_is_no_user(deployment: Deployment) -> None:
    async with deployment.storage() as storage:
        first = await Bootstrap.of(deployment.settings(), storage).run([])
        late = deployment.settings(AA_BOOTSTRAP_EMAIL="ada@example.org", AA_BOOTSTRAP_API_KEY=GIVEN_KEY)
        second = await Bootstrap.of(late, storage).run([])
        assert await storage.users.by_email("ada@example.org") is None
    assert (second.email, second.api_key) == (first.email, first.api_key)


async def test_a_default_key_that_was_revoked_is_not_made_again(deployment: Deployment) -> None:
    settings = deployment.settings()
    async with deployment.storage() as storage:
        await Bootstrap.of(settings, storage).run([])
        admin = await Bootstrap.of(settings, storage).oldest_administrator()
        (key,) = await storage.api_keys.list(admin.id)
        await storage.api_keys.revoke(key.key_id)
        assert (await Bootstrap.of(settings, storage).run([])).api_key is None
        assert len(await storage.api_keys.list(admin.id)) == 1


async def test_a_lost_key_file_brings_a_new_key(deployment: Deployment) -> None:
    settings = deployment.settings()
    async with deployment.storage() as storage:
        first = await Bootstrap.of(settings, storage).run([])
        (deployment.directory / "api_key").unlink()
        second = await Bootstrap.of(settings, storage).run([])
    assert second.api_key not in (None, first.api_key)


async def test_users_without_an_administrator_are_told_how_to_get_one(deployment: Deployment) -> None:
    async with deployment.storage() as storage:
        await storage.users.create("ada@example.org", "Ada", UserRole.USER)
        with pytest.raises(NoAdministrator, match="users create"):
            await Bootstrap.of(deployment.settings(), storage).run([])


async def test_of_several_nodes_on_one_database_only_the_first_makes_a_key(tmp_path: Path, postgres_url: str) -> None:
    keys = []
    for name in ("one", "two"):
        environ = {"AA_DATA_DIR": str(tmp_path / name), "AA_DATABASE_URL": postgres_url, "AA_LOCAL_MODEL": "off"}
        settings = Settings.load(environ)
        storage = await open_database(postgres_url, CLOCK, Uuid7Factory(CLOCK.now_ms))
        welcome = await Bootstrap.of(settings, storage).run(example_assistants(settings))
        admin = await storage.users.by_email(welcome.email)
        assert admin is not None
        keys.append((welcome.api_key is None, len(await storage.api_keys.list(admin.id))))
        await storage.close()
    assert keys == [(False, 1), (True, 1)]
