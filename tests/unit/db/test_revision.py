"""The schema's revision, told without the migration tool."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.db.database import open_database
from app.db.migrate import downgrade, upgrade
from app.db.revision import newest_revisions, scripts
from lib.streaming.clock import SystemClock
from lib.streaming.ids import Uuid7Factory


def test_the_newest_revision_is_the_one_the_tool_finds() -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    assert newest_revisions() == set(ScriptDirectory.from_config(config).get_heads())


async def test_only_a_migrated_database_is_at_head(url: str) -> None:
    async def at_head() -> bool:
        storage = await open_database(url, SystemClock(), Uuid7Factory(SystemClock().now_ms))
        try:
            return await storage.at_head()
        finally:
            await storage.close()

    assert await at_head()
    downgrade(url, "base")
    assert not await at_head()
    upgrade(url)
    assert await at_head()
