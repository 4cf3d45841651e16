"""The driver's connection beneath Core's. Transactions are begun and ended here: Core would take more turns for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from sqlalchemy import AdaptedConnection, Connection

from app.db.postgres.failures import cause_of


class Driver:
    """To be used where Core's connection may be: inside `run_sync`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._adapted = cast("AdaptedConnection", connection.connection.dbapi_connection)

    @property
    def closed(self) -> bool:
        return bool(self._adapted.driver_connection.is_closed())

    def execute(self, statement: str) -> str:
        """What the server says it has done."""
        return str(self._await(lambda driver: driver.execute(statement)))

    def fetch(self, statement: str, *values: object) -> list[Any]:
        """The rows of a statement whose values are called $1, $2, …; it is prepared once a connection."""
        rows: list[Any] = self._await(lambda driver: driver.fetch(statement, *values))
        return rows

    def transaction(self) -> str | None:
        """The name of the open transaction; one that has written nothing has none."""
        ((name,),) = self.fetch("SELECT pg_current_xact_id_if_assigned()::text")
        return None if name is None else str(name)

    def roll_back(self, error: BaseException) -> None:
        """Undo what an error has interrupted. A connection that may be in the middle of something is given up."""
        cause = cause_of(error)
        if self.closed or not isinstance(cause, Exception) or isinstance(cause, OSError | TimeoutError):
            self.give_up()
            return
        try:
            self.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - the caller tells of the first error
            self.give_up()

    def give_up(self) -> None:
        """Cut the connection, without the farewell that a server at fault might not answer; the pool opens another."""
        cast("Any", self._adapted.driver_connection).terminate()
        self._connection.invalidate()

    def _await(self, call: Callable[[Any], Awaitable[Any]]) -> Any:
        return self._adapted.run_async(call)
