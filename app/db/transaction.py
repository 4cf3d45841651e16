"""One unit of work in one transaction on one SQLite connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from lib.streaming.errors import StorageUnavailable

T = TypeVar("T")


def transact(connection: Connection, begin: str | None, work: Callable[[Connection], T]) -> T:
    """Commit if `work` returns, roll back if it raises.

    `begin` opens the transaction; None leaves that to the only statement of `work`. Raises `StorageUnavailable`.
    """
    driver = driver_of(connection)
    try:
        if begin is None:
            return work(connection)
        driver.execute(begin)
        result = work(connection)
        # Core's own transaction exists only where the work used Core; around the hot statements it would
        # cost as much as they do.
        if connection.in_transaction():
            connection.commit()
        else:
            driver.commit()
    except BaseException as error:
        _roll_back(connection, driver)
        if isinstance(error, OperationalError | sqlite3.OperationalError):
            raise StorageUnavailable(f"The database did not take the transaction: {error}") from error
        raise
    return result


def _roll_back(connection: Connection, driver: sqlite3.Connection) -> None:
    """As far as it goes: whoever owns the connection replaces one that stays inside a transaction."""
    with suppress(OperationalError, sqlite3.OperationalError):
        if connection.in_transaction():
            connection.rollback()
        if driver.in_transaction:
            driver.rollback()


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The plain driver connection beneath."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
