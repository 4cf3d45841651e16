"""Threads that own a connection each and run units of work on it, one at a time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from lib.streaming.errors import StorageUnavailable

T = TypeVar("T")


class _Job(Generic[T]):
    """A unit of work and the future, in its caller's loop, that waits for it."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[T] = self._loop.create_future()

    def run(self, connection: Connection) -> None:
        """Run and report; whatever the work raises belongs to the caller, not to this thread."""
        try:
            result = self._work(connection)
        except BaseException as error:  # noqa: BLE001
            failure = error
            self._report(lambda: self.done.set_exception(failure))
        else:
            self._report(lambda: self.done.set_result(result))

    def _report(self, settle: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(lambda: None if self.done.done() else settle())
        except RuntimeError:
            # The caller's loop is closed: nobody waits any more, and the work itself is done.
            return


class Lane:
    """A queue of units of work before one or more threads with a connection each.

    `begin` is the statement that opens a transaction. Connections are opened here, so that a database that
    cannot be opened fails its opener, not its first user.
    """

    def __init__(self, name: str, begin: str, connect: Callable[[], Connection], threads: int = 1) -> None:
        self._begin = begin
        self._queue: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._connections = [connect() for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._serve, args=(connection,), name=f"{name}-{index}", daemon=True)
            for index, connection in enumerate(self._connections)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction. A cancelled caller leaves it running: its outcome is the database's."""
        job = _Job[T](lambda connection: self._transact(connection, work))
        self._queue.put(job)  # type: ignore[arg-type]
        return await job.done

    def close(self) -> None:
        """Finish what is queued, then close the connections. Blocks."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()

    def _serve(self, connection: Connection) -> None:
        while (job := self._queue.get()) is not None:
            job.run(connection)
            # Its result may be large; do not keep it until the next job comes.
            del job

    def _transact(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        try:
            _driver(connection).execute(self._begin)
            with connection.begin():
                return work(connection)
        except (OperationalError, sqlite3.OperationalError) as error:
            raise StorageUnavailable(f"The database did not take the transaction: {error}") from error
        finally:
            # A failed COMMIT or a statement that broke the transaction must not leave it open for the next one.
            if _driver(connection).in_transaction:
                _driver(connection).rollback()


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
