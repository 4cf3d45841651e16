"""A node's one ear for the others: hears what they say, and reads what they have committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import asyncpg

from app.db.postgres.channel import EVENTS, read_payload
from app.db.postgres.failures import outage
from app.db.postgres.plain import Connect
from app.db.postgres.words import AUDIENCE_CHANGED, STOP_ASKED
from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.ports.other_nodes import Ear
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq

log = logging.getLogger(__name__)

RECONNECT_SECONDS = 0.2
#: How often a connection that brings nothing is asked whether it still is one.
CHECK_SECONDS = 5.0
CLOSE_SECONDS = 1.0
#: What the driver raises when the database is away or does not answer in time.
TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

Hear: TypeAlias = Callable[[str], None]

_TAILS = """
    SELECT cursor.key, tail.seq, tail.code, tail.at_ms, tail.data
    FROM unnest($1::bigint[], $2::integer[]) AS cursor (key, after)
    CROSS JOIN LATERAL (
        SELECT seq, code, at_ms, data FROM events
        WHERE execution_key = cursor.key AND seq > cursor.after ORDER BY seq LIMIT $3
    ) AS tail
    ORDER BY cursor.key, tail.seq
"""


class Hub:
    """Implements `WakeUps` and `TailReader` through one connection, which is replaced when it is lost."""

    def __init__(self, connect: Connect, clock: Clock) -> None:
        self._connect = connect
        self._clock = clock
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def listen(self, ear: Ear) -> None:
        while True:
            try:
                await self._hear(ear)
            except TROUBLE as error:
                log.warning("the other nodes are not heard for a moment: %s: %s", type(error).__name__, error)
            await self._clock.sleep(RECONNECT_SECONDS)

    async def read_tails(self, cursors: Mapping[int, Seq], limit: int) -> Sequence[tuple[int, LogEntry]]:
        async with self._turn:
            connection = self._connection
            if connection is None:
                raise StorageUnavailable("The connection for events of other nodes is being opened again.")
            try:
                rows = await connection.fetch(_TAILS, list(cursors), list(cursors.values()), limit)
            except TROUBLE as error:
                raise outage(error) from error
        return [(key, LogEntry(*entry)) for key, *entry in rows]

    async def _hear(self, ear: Ear) -> None:
        """Until the connection is lost. Raises the driver's errors."""
        connection = await self._connect()
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            for channel, hear in _heard_by(ear).items():
                await connection.add_listener(channel, _payloads(hear))
            self._connection = connection
            # Whatever was said before this moment, nobody here has heard.
            ear.missed()
            while not lost.is_set():
                await self._check(connection, lost)
        except asyncio.CancelledError:
            with suppress(Exception):
                await connection.close(timeout=CLOSE_SECONDS)
            raise
        finally:
            self._connection = None
            connection.terminate()

    async def _check(self, connection: asyncpg.Connection, lost: asyncio.Event) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CHECK_SECONDS):
                await lost.wait()
            return
        async with self._turn:
            await connection.execute("SELECT 1")


def _heard_by(ear: Ear) -> Mapping[str, Hear]:
    return {
        EVENTS: lambda payload: ear.moved(list(read_payload(payload))),
        STOP_ASKED: lambda payload: ear.stop_asked(ExecutionId(payload)),
        AUDIENCE_CHANGED: lambda payload: ear.audience_changed(ExecutionId(payload)),
    }


def _payloads(hear: Hear) -> Callable[[object, object, object, object], None]:
    return lambda _connection, _pid, _channel, payload: hear(str(payload))
