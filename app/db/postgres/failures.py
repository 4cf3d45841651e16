"""Which errors mean that PostgreSQL did not answer, or could not take what it was given."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from lib.streaming.errors import StorageUnavailable

log = logging.getLogger(__name__)

#: SQLSTATEs by class: connection lost, no access, no such database, conflict of transactions, no room, stopped from
#: outside, faults of its disk, faults within.
_CLASSES = frozenset({"08", "28", "3D", "40", "53", "57", "58", "XX"})
#: Read-only (a standby), idle for too long inside a transaction, a lock not given in time.
_STATES = frozenset({"25006", "25P03", "55P03"})

#: The second where the server went between two of its messages.
_OF_A_BROKEN_CONNECTION = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def is_outage(error: BaseException, *, closed: bool = False) -> bool:
    """Whether the database is to blame, so that the same call may succeed later.

    `closed`: the connection is gone, and an error of the driver only says so.
    """
    cause = cause_of(error)
    if isinstance(cause, OSError | TimeoutError | PoolTimeout):
        return True
    if closed and (isinstance(error, DBAPIError) or isinstance(cause, _OF_A_BROKEN_CONNECTION)):
        return True
    state = getattr(cause, "sqlstate", None) or ""
    return state[:2] in _CLASSES or state in _STATES


def outage(error: BaseException) -> StorageUnavailable:
    """What the caller is told, without addresses and names; the log has the rest."""
    cause = cause_of(error)
    log.warning("PostgreSQL does not answer or takes nothing: %s: %s", type(cause).__name__, cause)
    return StorageUnavailable(f"The database does not answer or takes nothing at the moment ({type(cause).__name__}).")


def cause_of(error: BaseException) -> BaseException:
    """The driver's own error, where SQLAlchemy has wrapped it."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


@contextmanager
def translated() -> Iterator[None]:
    """Raise `StorageUnavailable` in place of an outage."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise outage(error) from error
        raise
