"""What SQL a call really runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import groupby

from app.db.database import Storage
from app.db.sqlite import SqliteDatabase
from app.db.transaction import driver_of


class Recorder:
    """Every statement, with its values, that a storage with one reader runs within the context."""

    def __init__(self, storage: Storage) -> None:
        assert isinstance(storage.database, SqliteDatabase)
        self._database = storage.database
        self._written: list[str] = []
        self._read: list[str] = []

    async def __aenter__(self) -> Recorder:
        await self._trace(on=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._trace(on=False)

    @property
    def written(self) -> list[str]:
        """What the writer ran, transactions included."""
        return _without_own(self._written)

    @property
    def heads(self) -> list[str]:
        """The first word of each of those."""
        return [statement.split()[0] for statement in self.written]

    @property
    def read_heads(self) -> list[str]:
        """The first word of each statement the reader ran, transactions included."""
        return [statement.split()[0] for statement in _without_own(self._read)]

    def plans(self) -> list[str]:
        """The lines of the query plans of all of them."""
        statements = [one for one in self.written + _without_own(self._read) if _can_be_explained(one)]
        with closing(self._database._open.driver()) as connection:
            return [str(row[3]) for one in statements for row in connection.execute(f"EXPLAIN QUERY PLAN {one}")]

    async def _trace(self, *, on: bool) -> None:
        database = self._database
        for run, seen in ((database.write, self._written), (database.read, self._read)):
            trace = seen.append if on else None
            await run(lambda connection, trace=trace: driver_of(connection).set_trace_callback(trace))  # type: ignore[misc]
        for here, seen in ((database._write_here, self._written), (database._read_here, self._read)):
            driver_of(here._connection).set_trace_callback(seen.append if on else None)


def _without_own(statements: Sequence[str]) -> list[str]:
    """A trigger that fires is reported as its statement once more; and the recorder's own transactions, of which
    one ends after the trace begins and one begins before it ends, are nobody's.
    """
    return [one for one, _ in groupby(statements)][1:-1]


def _can_be_explained(statement: str) -> bool:
    return statement.split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
