"""Reading an execution's log back, whatever part of it is packed."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select

from app.db import timeline
from app.db.compaction import result_texts
from app.db.definitions import DefinitionCache
from app.db.event_rows import AFTER, NEWEST
from app.db.prepared import Prepared
from app.db.tables import event_timelines, executions
from lib.streaming.errors import ContentsRemoved
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.sse_events.log_entry import LogContext, LogEntry, pack_delta
from lib.streaming.types import ExecutionId, Seq, VersionId

_HANDLE = Prepared(
    lambda _: select(
        *(executions.c.key, executions.c.version_id, executions.c.status, executions.c.contents_removed_ms, NEWEST)
    ).where(executions.c.id == bindparam("execution"))
)


def handle(connection: Connection, execution_id: ExecutionId, definitions: DefinitionCache) -> LogHandle | None:
    row = _HANDLE.row(connection, execution=execution_id)
    if row is None:
        return None
    version = definitions.get(connection, VersionId(row.version_id))
    context = LogContext(execution_id, version.prompt_ids)
    emptied = row.contents_removed_ms is not None
    return LogHandle(row.key, context, Seq(row.last_seq or 0), terminal=row.status.terminal, emptied=emptied)


def read(connection: Connection, handle: LogHandle, after: Seq, limit: int) -> list[LogEntry]:
    """At most `limit` entries above `after`, in order, as they were committed. Raises `ContentsRemoved`."""
    return load(connection, handle, after, limit).entries()


def load(connection: Connection, handle: LogHandle, after: Seq, limit: int) -> StoredPage:
    """What `read` needs of the database."""
    plain = entries_after(connection, handle, after, limit)
    if is_gapless(plain, after):
        return StoredPage(plain, (), {}, after, limit)
    rows = connection.execute(
        select(event_timelines).where(event_timelines.c.execution_key == handle.key, event_timelines.c.last_seq > after)
    ).all()
    texts = result_texts(connection, handle.key, handle.context.prompt_ids) if rows else {}
    return StoredPage(plain, rows, texts, after, limit)


def entries_after(connection: Connection, handle: LogHandle, after: Seq, limit: int) -> list[LogEntry]:
    """At most `limit` entries that are rows; one statement."""
    return [LogEntry._make(row) for row in AFTER.raw(connection, key=handle.key, after=after, limit=limit)]


def is_gapless(entries: Sequence[LogEntry], after: Seq) -> bool:
    """Whether these are all there are: numbers have no gap but where deltas are packed, and the last event never is."""
    return not entries or entries[-1].seq == after + len(entries)


class StoredPage(msgspec.Struct, frozen=True):
    """Entries that are rows, and packed ones that may lie between them."""

    plain: list[LogEntry]
    packed: Sequence[Row[*tuple[Any, ...]]]
    texts: dict[tuple[int, int, int], bytes]
    after: Seq
    limit: int

    def entries(self) -> list[LogEntry]:
        """In order. Takes a while where there are packed ones, however few of them are asked for.

        Raises `ContentsRemoved`.
        """
        merged = list(islice(heapq.merge(self.plain, *self._strands()), self.limit)) if self.packed else self.plain
        if merged and merged[0].seq != self.after + 1:
            # Removed while somebody was reading; a jump in the numbers must never look like the next event.
            raise ContentsRemoved
        return merged

    def _strands(self) -> Iterator[Iterator[LogEntry]]:
        for row in self.packed:
            text = self.texts[row.prompt, row.attempt, row.code] if row.text is None else row.text
            prefix = pack_delta(row.prompt, row.attempt, "")
            yield timeline.entries(row.code, prefix, timeline.unpack(row.packed), text, self.after)
