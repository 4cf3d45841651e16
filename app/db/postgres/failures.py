"""Which errors mean that PostgreSQL did not answer, or could not take what it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lib.streaming.errors import StorageUnavailable

#: SQLSTATEs by class: connection lost, no access, no such database, conflict of transactions, no room, stopped from
#: outside, faults of its disk, faults within.
_CLASSES = frozenset({"08", "28", "3D", "40", "53", "57", "58", "XX"})
#: Read-only (a standby), idle for too long inside a transaction, a lock not given in time.
_STATES = frozenset({"25006", "25P03", "55P03"})


def is_outage(error: BaseException, *, closed: bool = False) -> bool:
    """Whether the database is to blame, so that the same call may succeed later.

    `closed`: the connection is gone, and an error of the driver only says so.
    """
    cause = cause_of(error)
    if isinstance(cause, OSError | TimeoutError | PoolTimeout):
        return True
    if closed and (isinstance(error, DBAPIError) or isinstance(cause, asyncpg.InterfaceError)):
        return True
    state = getattr(cause, "sqlstate", None) or ""
    return state[:2] in _CLASSES or state in _STATES


def outage(error: BaseException) -> StorageUnavailable:
    """What the caller is told: without statement and values, which an error of SQLAlchemy repeats."""
    cause = cause_of(error)
    return StorageUnavailable(f"The database did not take the transaction: {type(cause).__name__}: {cause}")


def cause_of(error: BaseException) -> BaseException:
    """The driver's own error, where SQLAlchemy has wrapped it."""
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StorageUnavailable` in place of an outage."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise outage(error) from error
        raise
