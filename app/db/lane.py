"""Threads that own a connection each and run units of work on it, one at a time."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from sqlalchemy import Connection

from app.db.port import DatabaseLoad
from app.db.transaction import driver_of, transact
from lib.streaming.errors import StorageUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Job(Generic[T]):
    """A unit of work and the future, in its caller's loop, that waits for it."""

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[T] = self._loop.create_future()

    def run(self, connection: Connection) -> Callable[[], None]:
        """Run; what settles the future. Whatever the work raises belongs to the caller, not to this thread."""
        try:
            result = self._work(connection)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller gets it
            failure = error
            return lambda: self.done.set_exception(failure)
        return lambda: self.done.set_result(result)

    def report(self, settle: Callable[[], None]) -> None:
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
        self._connect = connect
        self._queue: SimpleQueue[_Job[object] | None] = SimpleQueue()
        self._in_hand: set[_Job[object]] = set()
        self._closing = threading.Lock()
        self._closed = False
        connections = [connect() for _ in range(threads)]
        self._threads = [
            threading.Thread(target=self._serve, args=(connection,), name=f"{name}-{index}", daemon=True)
            for index, connection in enumerate(connections)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Callable[[Connection], T], *, one: bool = False) -> T:
        """Run `work` in a transaction. A cancelled caller leaves it running: its outcome is the database's.

        `one`: the work is a single statement, which is a transaction by itself.
        """
        begin = None if one else self._begin
        job = _Job[T](lambda connection: transact(connection, begin, work))
        with self._closing:
            if self._closed:
                raise StorageUnavailable("The database is closed.")
            self._in_hand.add(job)  # type: ignore[arg-type]
            self._queue.put(job)  # type: ignore[arg-type]
        return await job.done

    @property
    def idle(self) -> bool:
        """Nothing is queued or being worked on."""
        return not self._in_hand

    def load(self) -> DatabaseLoad:
        waiting, threads = self._queue.qsize(), len(self._threads)
        # A thread takes the next unit only when it has ended its last: where some wait, none is idle.
        return DatabaseLoad(threads, threads if waiting else 0, waiting)

    def close(self) -> None:
        """Finish what is queued, then close the connections. Blocks; doing so again is harmless."""
        with self._closing:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _serve(self, connection: Connection) -> None:
        while (job := self._queue.get()) is not None:
            connection = self._usable(connection)
            settle = job.run(connection)
            # Before the caller goes on: it may ask at once whether there is work in hand.
            self._in_hand.discard(job)
            job.report(settle)
            # Its result may be large; do not keep it until the next job comes.
            del job, settle
        connection.close()

    def _usable(self, connection: Connection) -> Connection:
        """The connection, or a new one where a failure has left the old one inside a transaction."""
        if not driver_of(connection).in_transaction:
            return connection
        log.error("a failed transaction could not be rolled back; opening another connection")
        connection.invalidate()
        connection.close()
        return self._connect()
