"""A commit of nothing but events, as one statement: fence, events and NOTIFY in one turn to the server.

Each execution may have one write in it. A write is admitted if the execution runs under the write's epoch; if the
numbers of an admitted one do not follow the stored ones, nothing is inserted at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.db.fence import NumberingBroken
from app.db.postgres.channel import EVENTS, PER_PAYLOAD
from app.db.postgres.event_columns import event_columns
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId

_STATEMENT = f"""
WITH given AS MATERIALIZED (
    SELECT key, epoch, first_seq, last_seq, (place - 1) / {PER_PAYLOAD} AS part
    FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[])
        WITH ORDINALITY AS _ (key, epoch, first_seq, last_seq, place)
), held AS MATERIALIZED (
    SELECT key, epoch FROM executions
    WHERE key = ANY ($1) AND status = 'running'
    ORDER BY key FOR NO KEY UPDATE
), admitted AS MATERIALIZED (
    SELECT key, first_seq, last_seq, part,
        (SELECT max(seq) FROM events WHERE execution_key = key) AS newest
    FROM given JOIN held USING (key, epoch)
), sound AS MATERIALIZED (
    SELECT FROM (SELECT count(*) FILTER (WHERE first_seq <> coalesce(newest, 0) + 1) AS broken FROM admitted) AS _
    WHERE broken = 0
), added AS (
    INSERT INTO events (execution_key, seq, code, at_ms, data)
    SELECT key, seq, code, at_ms, data
    FROM unnest($5::bigint[], $6::integer[], $7::smallint[], $8::bigint[], $9::bytea[])
        AS _ (key, seq, code, at_ms, data)
    JOIN admitted USING (key) CROSS JOIN sound
), told AS (
    SELECT pg_notify('{EVENTS}', string_agg(key || ':' || last_seq, ' ')) FROM admitted CROSS JOIN sound GROUP BY part
)
SELECT key, first_seq, newest, (SELECT count(*) FROM told) FROM admitted
"""  # noqa: S608 - constants

#: The transaction is the statement, so a setting of the one is a setting of the other.
_RELAX = ", (SELECT set_config('synchronous_commit', 'off', true))"
_RELAXED = _STATEMENT.replace("FROM told)", f"FROM told){_RELAX}")


def fits(writes: Sequence[Write]) -> bool:
    """Whether this statement can take them."""
    keys = {write.handle.key for write in writes}
    return len(keys) == len(writes) and all(write.entries and not write.changes for write in writes)


async def commit(driver: Any, writes: Sequence[Write], *, relaxed: bool) -> set[ExecutionId]:
    """Commit and return the executions whose writes were refused.

    `driver` is a connection of asyncpg outside a transaction; `relaxed`: do not wait for the server's disk. Raises
    `NumberingBroken` and what asyncpg raises.
    """
    rows = await driver.fetch(_RELAXED if relaxed else _STATEMENT, *_heads(writes), *event_columns(writes))
    for key, first, newest, *_ in rows:
        if first != (newest or 0) + 1:
            raise NumberingBroken(f"event {first} of execution {key} follows {newest}")
    admitted = {row[0] for row in rows}
    return {write.handle.context.execution_id for write in writes if write.handle.key not in admitted}


def _heads(writes: Sequence[Write]) -> tuple[list[int], ...]:
    """Key, epoch, first and last number of each write."""
    return (
        [write.handle.key for write in writes],
        [write.epoch for write in writes],
        [write.entries[0].seq for write in writes],
        [write.entries[-1].seq for write in writes],
    )
