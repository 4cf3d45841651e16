"""Statements compiled once and run on the driver's own cursor.

Core builds, keys and wraps a statement anew each time, which costs many times what SQLite needs to run it: taking an
execution was 1.9 ms that way and 0.1 ms this way on the same loaded machine. What people and programs wait for,
from authentication to the first token, runs through here; everything else stays with `Connection.execute`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import BindParameter, Connection, Dialect, Select, Table, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

Statement: TypeAlias = "Select[*tuple[Any, ...]] | UpdateBase"
#: Turns a value into what the driver takes, or the other way round; None where nothing is to be done.
Processor: TypeAlias = "Callable[[Any], Any] | None"


class Prepared:
    """A statement whose values are named by `bindparam`; `build` makes it for a dialect's name.

    Values and results go through the types of their columns; the rows that `raw` gives and `many` takes are the
    driver's. Errors are SQLAlchemy's.
    """

    def __init__(self, build: Callable[[str], Statement]) -> None:
        self._build = build
        self._plans: dict[str, _Plan] = {}

    def rows(self, connection: Connection, **values: object) -> list[Any]:
        """All result rows, as named tuples. Raises KeyError if a value is missing."""
        plan = self._plan(connection)
        return [plan.row(row) for row in plan.execute(connection, plan.bound(values), _all)]

    def row(self, connection: Connection, **values: object) -> Any | None:
        """The only row, or None."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def run(self, connection: Connection, **values: object) -> int:
        """How many rows were touched."""
        plan = self._plan(connection)
        return int(plan.execute(connection, plan.bound(values), _count))

    def raw(self, connection: Connection, **values: object) -> list[Any]:
        """All result rows as the driver gives them."""
        plan = self._plan(connection)
        rows: list[Any] = plan.execute(connection, plan.bound(values), _all)
        return rows

    def many(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Run once for each row."""
        self._plan(connection).many(connection, rows)

    def _plan(self, connection: Connection) -> _Plan:
        dialect = connection.dialect
        known = self._plans.get(dialect.name)
        return known or self._plans.setdefault(dialect.name, _Plan(self._build(dialect.name), dialect))


class PreparedList:
    """A statement about a list of keys: prepared for each power of two, a shorter list repeats its last key.

    `build` gets the dialect's name and the places of the keys.
    """

    def __init__(self, kind: TypeEngine[Any], build: Callable[[str, list[BindParameter[Any]]], Statement]) -> None:
        self._kind = kind
        self._build = build
        self._sizes: dict[int, Prepared] = {}

    def rows(self, connection: Connection, keys: Sequence[object], **values: object) -> list[Any]:
        """All result rows, as named tuples."""
        named = _named(keys)
        return self._sized(len(named)).rows(connection, **named, **values)

    def run(self, connection: Connection, keys: Sequence[object], **values: object) -> int:
        """How many rows were touched."""
        named = _named(keys)
        return self._sized(len(named)).run(connection, **named, **values)

    def raw(self, connection: Connection, keys: Sequence[object], **values: object) -> list[Any]:
        """All result rows as the driver gives them."""
        named = _named(keys)
        return self._sized(len(named)).raw(connection, **named, **values)

    def _sized(self, size: int) -> Prepared:
        return self._sizes.get(size) or self._sizes.setdefault(size, self._prepare(size))

    def _prepare(self, size: int) -> Prepared:
        places = [bindparam(_key(index), type_=self._kind) for index in range(size)]
        return Prepared(lambda dialect: self._build(dialect, places))


def _key(index: int) -> str:
    return f"key_{index}"


def _named(keys: Sequence[object]) -> dict[str, object]:
    size = 1 << (len(keys) - 1).bit_length()
    return {_key(index): keys[min(index, len(keys) - 1)] for index in range(size)}


class _Plan:
    """One statement for one dialect: its text, and what happens to values on their way in and out."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        binds = [compiled.binds[name] for name in compiled.positiontup or ()]
        columns = list(statement.exported_columns)
        self.text = str(compiled)
        self._errors = dialect.loaded_dbapi.Error
        self._defaults = {bind.key: bind.value for bind in binds if not bind.required}
        self._binds = [(bind.key, bind.type.dialect_impl(dialect).bind_processor(dialect)) for bind in binds]
        names = [name for name, _ in self._binds]
        plain = len(names) > 1 and not any(process for _, process in self._binds)
        self._plain: Callable[[dict[str, object]], tuple[object, ...]] | None = itemgetter(*names) if plain else None
        self._results: list[Processor] = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]
        self._row: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]  # noqa: PYI024

    def bound(self, values: dict[str, object]) -> tuple[object, ...]:
        given = {**self._defaults, **values} if self._defaults else values
        if self._plain is not None:
            return self._plain(given)
        return tuple(given[name] if process is None else process(given[name]) for name, process in self._binds)

    def row(self, row: Sequence[object]) -> object:
        made = (value if make is None else make(value) for value, make in zip(row, self._results, strict=True))
        return self._row(*made)

    def execute(self, connection: Connection, values: Sequence[object], take: Callable[[Any], Any]) -> Any:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.text, values)
            return take(cursor)
        except self._errors as error:
            raise self._wrapped(error) from error
        finally:
            cursor.close()

    def many(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self.text, rows)
        except self._errors as error:
            raise self._wrapped(error) from error
        finally:
            cursor.close()

    def _wrapped(self, error: Exception) -> BaseException:
        return DBAPIError.instance(self.text, None, error, self._errors)


def slots(table: Table, *names: str) -> dict[str, BindParameter[Any]]:
    """A named value for each column, for `values(**slots(…))`: that of `status` is called `new_status`."""
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


def _all(cursor: Any) -> Any:
    return cursor.fetchall()


def _count(cursor: Any) -> Any:
    return cursor.rowcount
