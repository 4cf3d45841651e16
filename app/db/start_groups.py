"""Starts of one principal that come at one moment share a transaction.

Theory of operation. A start locks its principal's row, or two could pass the limit together; so starts of one principal
go one by one whatever they do. Left to wait for the lock, each would hold a connection that others need. Here the first
goes at once, and those that come meanwhile wait without a connection; once it is through, all of them are written
together, with one lock, one count and one commit. Between processes the row lock decides, as before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence

from app.db import starts
from app.db.definitions import DefinitionCache
from app.db.errors import TicketRefused
from app.db.port import Database, TicketWriter
from app.db.starts import Outcome, Start
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.execution_store import Accepted
from lib.streaming.types import PrincipalId

log = logging.getLogger(__name__)

#: How long a start waits for its transaction to begin.
WAIT_SECONDS = 10.0
#: In one transaction, so that other processes get their turn at the principal's row.
MOST = 50


class _Waiting:
    """A start in line. What comes of it is a result of its future, also if it is an error: its caller may be gone."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.outcome: asyncio.Future[Accepted | Exception] = asyncio.get_running_loop().create_future()


class StartGroups:
    """`tickets`: makes each new execution's ticket in the transaction that inserts it."""

    def __init__(self, database: Database, definitions: DefinitionCache, tickets: TicketWriter | None) -> None:
        self._database = database
        self._definitions = definitions
        self._tickets = tickets
        #: Of principals of whom a start is under way, those that wait for it.
        self._lines: dict[PrincipalId, deque[_Waiting]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def create(self, start: Start) -> Accepted:
        """Raises what `starts.create` raises or refuses with, and `StorageUnavailable`. Nothing is stored then."""
        principal = start.new.principal_id
        line = self._lines.get(principal)
        if line is not None:
            return _given(await self._in_line(line, _Waiting(start)))
        line = self._lines[principal] = deque()
        try:
            (outcome,) = await self._write([start])
        finally:
            self._go_on(principal, line)
        return _given(outcome)

    async def _in_line(self, line: deque[_Waiting], waiting: _Waiting) -> Accepted | Exception:
        line.append(waiting)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await asyncio.shield(waiting.outcome)
        except TimeoutError:
            if waiting in line:
                raise StorageUnavailable("Too many of your starts come at one moment.") from None
            # Its transaction has begun: only its end tells what is stored.
            return await asyncio.shield(waiting.outcome)
        finally:
            if waiting in line:
                line.remove(waiting)

    def _go_on(self, principal: PrincipalId, line: deque[_Waiting]) -> None:
        if not line:
            del self._lines[principal]
            return
        task = asyncio.get_running_loop().create_task(self._serve(principal, line))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, principal: PrincipalId, line: deque[_Waiting]) -> None:
        try:
            while line:
                group = [line.popleft() for _ in range(min(MOST, len(line)))]
                outcomes = await self._together([waiting.start for waiting in group])
                for waiting, outcome in zip(group, outcomes, strict=True):
                    waiting.outcome.set_result(outcome)
        finally:
            del self._lines[principal]

    async def _together(self, group: Sequence[Start]) -> Sequence[Accepted | Exception]:
        try:
            return await self._write(group)
        except StorageUnavailable as error:
            return [StorageUnavailable(error.message) for _ in group]
        except Exception:  # noqa: BLE001 - one start's fault is not the others'
            return [await self._alone(start) for start in group]

    async def _alone(self, start: Start) -> Accepted | Exception:
        try:
            (outcome,) = await self._write([start])
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets it
            return error
        return outcome

    async def _write(self, group: Sequence[Start]) -> list[Outcome]:
        try:
            return await self._transact(group, self._tickets)
        except TicketRefused as error:
            # The sweep makes them once the queue is there again.
            names = ", ".join(start.new.id for start in group)
            log.error("executions start without a ticket: %s: %s", error.message, names)  # noqa: TRY400
            return await self._transact(group, None)

    async def _transact(self, group: Sequence[Start], tickets: TicketWriter | None) -> list[Outcome]:
        return await self._database.write(
            lambda connection: starts.create(connection, group, self._definitions, tickets), brief=True
        )


def _given(outcome: Accepted | Exception) -> Accepted:
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
