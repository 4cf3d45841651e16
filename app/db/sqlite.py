"""SQLite as a `Database`: write-ahead log, one writer and a few readers in threads, brief work in place."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from app.db.checkpointer import Checkpointer
from app.db.dialect import SQLITE_NOW
from app.db.errors import UnsupportedDatabase
from app.db.in_place import InPlace, NotInPlace
from app.db.lane import Lane
from app.db.port import DatabaseLoad
from app.db.transaction import driver_of

T = TypeVar("T")

BEGIN_READ, BEGIN_WRITE = "BEGIN", "BEGIN IMMEDIATE"
BUSY_TIMEOUT_MS = 5000
#: In that time, of what does not wait by itself.
BUSY_TRIES = 250
READERS = 2

#: How SQLite says NORMAL and FULL.
_SYNCHRONOUS = {"NORMAL": 1, "FULL": 2}


class SqliteDatabase:
    """`now_ms` is the clock that leases are judged by (Unix milliseconds), `monotonic` measures (seconds).

    `synchronous` NORMAL: a process crash loses nothing, a power cut may lose the last moments; FULL: an fsync a
    commit, so no write is done in place. Use it on one event loop. Raises `UnsupportedDatabase` where the file cannot
    be opened with the settings we rely on.
    """

    def __init__(
        self,
        path: Path,
        now_ms: Callable[[], int],
        *,
        synchronous: str = "NORMAL",
        readers: int = READERS,
        monotonic: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open = SqliteOpener(path, now_ms, synchronous)
        self._writer = Lane("sqlite-writer", BEGIN_WRITE, self._open.writer)
        self._readers = Lane("sqlite-reader", BEGIN_READ, self._open.reader, readers)
        self._write_here = InPlace(BEGIN_WRITE, self._open.impatient_writer, monotonic, _next_turn)
        self._read_here = InPlace(BEGIN_READ, self._open.reader, monotonic, _next_turn)
        self._brief_writes = synchronous == "NORMAL"
        self._checkpointer = Checkpointer(self._open.driver)
        self._closed = False

    async def read(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        if brief and not self._closed:
            try:
                return self._read_here.run(work)
            except NotInPlace:
                pass
        return await self._readers.run(work)

    async def read_one(self, work: Callable[[Connection], T]) -> T:
        return await self.read(work, brief=True)

    async def write(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        return await self._write(work, brief=brief, one=False)

    async def write_one(self, work: Callable[[Connection], T]) -> T:
        return await self._write(work, brief=True, one=True)

    async def _write(self, work: Callable[[Connection], T], *, brief: bool, one: bool) -> T:
        self._checkpointer.note_write()
        if brief and self._may_write_here():
            try:
                return self._write_here.run(work, one=one)
            except NotInPlace:
                pass
        try:
            return await self._writer.run(work, one=one)
        finally:
            self._checkpointer.note_write()

    def _may_write_here(self) -> bool:
        return self._brief_writes and self._writer.idle and not self._checkpointer.active and not self._closed

    def load(self) -> DatabaseLoad:
        writer, readers = self._writer.load(), self._readers.load()
        return DatabaseLoad(
            writer.connections + readers.connections, writer.busy + readers.busy, writer.waiting + readers.waiting
        )

    async def close(self) -> None:
        """Finish what is queued and close; the log is folded into the file."""
        self._closed = True
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.close()
        self._read_here.close()
        self._write_here.close()
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

    def impatient_writer(self) -> Connection:
        """One that does not wait for a lock."""
        connection = self._engine.connect()
        driver_of(connection).execute("PRAGMA busy_timeout = 0").close()
        return connection

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
            _say(connection, f"PRAGMA {name} = {value}")
            (answer,) = connection.execute(f"PRAGMA {name}").fetchone()
            if answer != value:
                raise UnsupportedDatabase(f"SQLite answers {name} = {answer}, and we rely on {value}")


def _say(connection: sqlite3.Connection, pragma: str) -> None:
    """The switch to the write-ahead log needs the file alone, and fails at once where others would wait their turn."""
    for _ in range(BUSY_TRIES - 1):
        try:
            connection.execute(pragma).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(BUSY_TIMEOUT_MS / 1000 / BUSY_TRIES)
        else:
            return
    connection.execute(pragma).fetchall()


def _next_turn(callback: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(callback)
