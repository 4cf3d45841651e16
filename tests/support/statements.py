"""What SQL a call really runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from sqlalchemy import Engine, event

from app.db.database import Storage
from app.db.lane import driver_of
from app.db.sqlite import SqliteDatabase


@contextmanager
def recorded_plans(storage: Storage) -> Iterator[list[str]]:
    """The lines of the query plans of every statement that runs through Core, made with its own parameters."""
    assert isinstance(storage.database, SqliteDatabase)
    engine: Engine = storage.database._open._engine
    plans: list[str] = []

    def explain(connection, _cursor, statement, parameters, *_: object) -> None:  # type: ignore[no-untyped-def]
        many = isinstance(parameters, list)
        rows = driver_of(connection).execute(f"EXPLAIN QUERY PLAN {statement}", parameters[0] if many else parameters)
        plans.extend(str(row[3]) for row in rows)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explain)


class Recorder:
    """Every statement the writer runs, the raw ones and those of transactions too."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.statements: list[str] = []

    async def __aenter__(self) -> list[str]:
        await self._trace(on=True)
        return self.statements

    async def __aexit__(self, *_: object) -> None:
        await self._trace(on=False)
        # A trigger that fires is reported as its statement once more. And the recorder's own transaction, which
        # ended after the trace began and began before it ended, is none of the caller's.
        self.statements[:] = [one for one, _ in groupby(self.statements)][1:-1]

    async def _trace(self, *, on: bool) -> None:
        trace = self.statements.append if on else None
        await self._storage.database.write(lambda connection: driver_of(connection).set_trace_callback(trace))
