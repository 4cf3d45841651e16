"""One unit of work on one connection: begin, work, commit; or as if it had never been. Or a mere glance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from sqlalchemy import Connection

from app.db.postgres.driver import Driver
from app.db.postgres.failures import cause_of, is_outage, outage

T = TypeVar("T")

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Not "READ WRITE": a standby would call that a feature it lacks, not say that it is one.
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"


class Outworn(Exception):
    """Nothing was done: the connection broke while it lay idle, or knows tables as they no longer are."""


class CommitUnanswered(Exception):
    """The request to commit went out and no answer came; `transaction` is its name for who asks later."""

    def __init__(self, transaction: str, cause: BaseException) -> None:
        super().__init__(transaction)
        self.transaction = transaction
        self.cause = cause


class Unit(Generic[T]):
    """`begin` is the statement that opens the transaction; `result` is there once the work is done.

    `named`: learn the transaction's name, so that an unanswered commit is `CommitUnanswered` and not an outage.
    """

    result: T

    def __init__(self, begin: str, work: Callable[[Connection], T], *, named: bool = False) -> None:
        self._begin = begin
        self._work = work
        self._named = named

    def run(self, connection: Connection) -> None:
        """Raises `Outworn`, `CommitUnanswered`, `StorageUnavailable`, and whatever the work raises."""
        driver = Driver(connection)
        self._open(driver)
        try:
            self.result = self._work(connection)
            transaction = driver.transaction() if self._named else None
        except BaseException as error:
            driver.roll_back(error)
            if _is_outdated(error):
                raise Outworn from error
            if is_outage(error, closed=driver.closed):
                raise outage(error) from error
            raise
        self._commit(driver, transaction)

    def _open(self, driver: Driver) -> None:
        try:
            driver.execute(self._begin)
        except BaseException as error:
            driver.give_up()
            if is_outage(error, closed=driver.closed) and not isinstance(error, TimeoutError):
                raise Outworn from error
            raise

    def _commit(self, driver: Driver, transaction: str | None) -> None:
        try:
            answer = driver.execute("COMMIT")
        except BaseException as error:
            driver.give_up()
            if not is_outage(error, closed=driver.closed):
                raise
            if transaction is None:
                raise outage(error) from error
            raise CommitUnanswered(transaction, error) from error
        assert answer == "COMMIT", "a unit of work lets the errors of its statements through"


class Glance(Generic[T]):
    """Work that only reads and needs no transaction, so it takes a turn a statement and none besides."""

    result: T

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work = work

    def run(self, connection: Connection) -> None:
        """Raises `Outworn`, `StorageUnavailable`, and whatever the work raises."""
        driver = Driver(connection)
        try:
            self.result = self._work(connection)
        except BaseException as error:
            broken = driver.closed and is_outage(error, closed=True) and not isinstance(cause_of(error), TimeoutError)
            driver.roll_back(error)
            # It has changed nothing: where the connection broke, another one may do it again.
            if broken or _is_outdated(error):
                raise Outworn from error
            if is_outage(error, closed=driver.closed):
                raise outage(error) from error
            raise


def _is_outdated(error: BaseException) -> bool:
    """Whether a statement was prepared before a migration changed its tables."""
    return type(cause_of(error)).__name__ == "InvalidCachedStatementError"
