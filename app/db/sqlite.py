"""SQLite as a `Database`: one writer thread, a few reader threads, write-ahead log."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from app.db.checkpointer import Checkpointer
from app.db.dialect import SQLITE_NOW
from app.db.errors import UnsupportedDatabase
from app.db.lane import Lane
from app.db.port import DatabaseLoad

T = TypeVar("T")

BUSY_TIMEOUT_MS = 5000
READERS = 2

#: How SQLite says NORMAL and FULL.
_SYNCHRONOUS = {"NORMAL": 1, "FULL": 2}


class SqliteDatabase:
    """`now_ms` is the clock that leases are judged by (Unix milliseconds).

    `synchronous` NORMAL: a process crash loses nothing, a power cut may lose the last moments; FULL: an fsync a
    commit. Raises `UnsupportedDatabase` where the file cannot be opened with the settings we rely on.
    """

    def __init__(
        self, path: Path, now_ms: Callable[[], int], *, synchronous: str = "NORMAL", readers: int = READERS
    ) -> None:
        self._open = SqliteOpener(path, now_ms, synchronous)
        self._writer = Lane("sqlite-writer", "BEGIN IMMEDIATE", self._open.writer)
        self._readers = Lane("sqlite-reader", "BEGIN", self._open.reader, readers)
        self._checkpointer = Checkpointer(self._open.driver)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._readers.run(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._writer.run(work)
        finally:
            self._checkpointer.note_write()

    def load(self) -> DatabaseLoad:
        writer, readers = self._writer.load(), self._readers.load()
        return DatabaseLoad(
            writer.connections + readers.connections, writer.busy + readers.busy, writer.waiting + readers.waiting
        )

    async def close(self) -> None:
        """Finish what is queued and close; the log is folded into the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.close()
        self._checkpointer.close()
        self._writer.close()


class SqliteOpener:
    """Connections with every setting made and its answer verified."""

    def __init__(self, path: Path, now_ms: Callable[[], int], synchronous: str = "NORMAL") -> None:
        if synchronous not in _SYNCHRONOUS:
            raise UnsupportedDatabase(f"synchronous is NORMAL or FULL, not {synchronous!r}")
        self._path = path
        self._now_ms = now_ms
        self._settings: Mapping[str, str | int] = {
            # First, so that whatever follows waits for a lock instead of failing.
            "busy_timeout": BUSY_TIMEOUT_MS,
            "journal_mode": "wal",
            "synchronous": _SYNCHRONOUS[synchronous],
            "foreign_keys": 1,
            # The checkpointer's work.
            "wal_autocheckpoint": 0,
            # KiB. The newest leaf of each live execution is written again and again: keep thousands of them.
            "cache_size": -32768,
        }
        self._engine: Engine = create_engine("sqlite://", creator=self.driver, poolclass=NullPool)

    def writer(self) -> Connection:
        return self._engine.connect()

    def reader(self) -> Connection:
        connection = self._engine.connect()
        connection.exec_driver_sql("PRAGMA query_only = 1").close()
        connection.rollback()
        return connection

    def driver(self) -> sqlite3.Connection:
        """A plain driver connection; transactions are begun by hand."""
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            self._set(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise UnsupportedDatabase(f"The database file {self._path.name} cannot be opened: {error}") from error
            raise
        return connection

    def _set(self, connection: sqlite3.Connection) -> None:
        connection.create_function(SQLITE_NOW, 0, self._now_ms)
        for name, value in self._settings.items():
            connection.execute(f"PRAGMA {name} = {value}").fetchall()
            (answer,) = connection.execute(f"PRAGMA {name}").fetchone()
            if answer != value:
                raise UnsupportedDatabase(f"SQLite answers {name} = {answer}, and we rely on {value}")
