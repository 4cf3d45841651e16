"""What SQL a call really runs on PostgreSQL, and how: as the server itself reports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Storage
from app.db.postgres.database import PostgresDatabase
from app.db.postgres.log_store import PostgresLogStore

#: A step of a plan, with the fields that EXPLAIN gives.
Node: TypeAlias = dict[str, Any]

#: Report every plan to the client. A superuser's right.
SETTINGS = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_format = 'json';
    SET client_min_messages = 'log'
"""


class _Report(msgspec.Struct):
    query: str = msgspec.field(name="Query Text")
    plan: Node = msgspec.field(name="Plan")


class PostgresRecorder:
    """Every statement that a storage runs on connections it opens from now on, transaction control left out.

    `nested`: also what triggers and foreign keys run. `generic`: plan as for any values, which is what the server does
    with a statement it has seen a few times.
    """

    def __init__(self, storage: Storage, *, nested: bool = False, generic: bool = False) -> None:
        assert isinstance(storage.database, PostgresDatabase)
        assert isinstance(storage.log_store, PostgresLogStore)
        self._settings = f"{SETTINGS}; SET auto_explain.log_nested_statements = {'on' if nested else 'off'}"
        if generic:
            self._settings += "; SET plan_cache_mode = 'force_generic_plan'"
        self._reports: list[_Report] = []
        self._listen(storage.database._engine)
        self._listen(storage.log_store._writer._connection._engine)

    def forget(self) -> None:
        """What was recorded so far."""
        self._reports.clear()

    @property
    def statements(self) -> list[str]:
        return [" ".join(report.query.split()) for report in self._reports]

    @property
    def heads(self) -> list[str]:
        """The first word of each."""
        return [statement.split()[0] for statement in self.statements]

    @property
    def nodes(self) -> list[Node]:
        """All steps of all plans."""
        return [node for report in self._reports for node in _steps(report.plan)]

    @property
    def scans(self) -> list[Node]:
        """Those that read a table or an index."""
        return [node for node in self.nodes if "Relation Name" in node and node["Node Type"] != "ModifyTable"]

    @property
    def read_whole(self) -> list[str]:
        """The tables that a statement read from end to end, with the statement."""
        return [
            f"{node['Relation Name']}: {report.query}"
            for report in self._reports
            for node in _steps(report.plan)
            if node["Node Type"] == "Seq Scan"
        ]

    def _listen(self, engine: AsyncEngine) -> None:
        event.listen(engine.sync_engine, "connect", lambda adapted, _: adapted.run_async(self._prepare))

    async def _prepare(self, driver: Any) -> None:
        await driver.execute(self._settings)
        driver.add_log_listener(self._hear)

    def _hear(self, _driver: object, message: Any) -> None:
        _, _, plan = message.message.partition("plan:\n")
        # What the driver asks about types when it connects is nobody's business.
        if plan and "typeinfo" not in plan:
            self._reports.append(msgspec.json.decode(plan, type=_Report))


def _steps(plan: Node) -> Iterator[Node]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _steps(part)
