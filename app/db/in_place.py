"""Brief units of work, run where they are asked for instead of in a thread of their own.

Theory of operation. Writing one event takes SQLite some 40 µs; handing that to a thread and getting the answer back
costs as much again, twice. So a brief unit of work runs on the event loop's own thread, on a connection of its own that
never waits for a lock, unless the writer's thread has work in hand, which then goes first. The loop must not pay for a
crowd: in one of its turns only so much is done here, and what comes after that goes through the threads. Nor for a
slow disk: whenever a unit of work took longer than `SLOW_SECONDS`, all go through the threads for a while, and each
time that happens again, for twice as long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from app.db.transaction import driver_of, transact
from lib.streaming.errors import StorageUnavailable

T = TypeVar("T")

#: A unit of work that held the event loop for longer than this was not brief.
SLOW_SECONDS = 0.02
#: What may be done in place in one turn of the event loop.
TURN_SECONDS = 0.002
#: For how long the threads then do the work: at first, and at most.
AVOID_SECONDS = (1.0, 60.0)


class NotInPlace(Exception):
    """The unit of work was not begun; a thread has to do it."""


class InPlace:
    """`connect` opens a connection that does not wait for locks. `monotonic`: seconds.

    `next_turn` calls back when the event loop has come round once.
    """

    def __init__(
        self,
        begin: str,
        connect: Callable[[], Connection],
        monotonic: Callable[[], float],
        next_turn: Callable[[Callable[[], None]], object],
    ) -> None:
        self._begin = begin
        self._connect = connect
        self._connection = connect()
        self._monotonic = monotonic
        self._next_turn = next_turn
        self._spent = 0.0
        self._avoid_until = 0.0
        self._avoid_seconds = AVOID_SECONDS[0]

    def run(self, work: Callable[[Connection], T], *, one: bool = False) -> T:
        """Run `work` as one transaction; `one`: it is a single statement. Raises `NotInPlace` (nothing was done), `StorageUnavailable`."""
        began = self._monotonic()
        if began < self._avoid_until or self._spent > TURN_SECONDS:
            raise NotInPlace
        try:
            return transact(self._connection, None if one else self._begin, work)
        except StorageUnavailable as error:
            self._replace_if_stuck()
            if _is_locked(error):
                raise NotInPlace from error
            raise
        finally:
            self._note(began, self._monotonic())

    def close(self) -> None:
        self._connection.close()

    def _note(self, began: float, ended: float) -> None:
        first, self._spent = not self._spent, self._spent + ended - began
        if first:
            self._next_turn(self._begin_turn)
        if ended - began > SLOW_SECONDS:
            if began > self._avoid_until + self._avoid_seconds:
                self._avoid_seconds = AVOID_SECONDS[0]
            self._avoid_until = ended + self._avoid_seconds
            self._avoid_seconds = min(2 * self._avoid_seconds, AVOID_SECONDS[1])

    def _begin_turn(self) -> None:
        self._spent = 0.0

    def _replace_if_stuck(self) -> None:
        if driver_of(self._connection).in_transaction:
            self._connection.invalidate()
            self._connection.close()
            self._connection = self._connect()


def _is_locked(error: StorageUnavailable) -> bool:
    cause = error.__cause__
    origin = getattr(cause, "orig", cause)
    return isinstance(origin, sqlite3.OperationalError) and origin.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
