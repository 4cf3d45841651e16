"""An execution's events as JSON, a stretch at a time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.api.admin.executions.shapes import Replay
from app.http.problems import not_found
from lib.streaming.errors import ContentsRemoved
from lib.streaming.ports.log_store import LogStore
from lib.streaming.sse_events.frames import FrameEncoder
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq

MOST_EVENTS = 2_000
MOST_BYTES = 1 << 20

_DATA = b"\ndata: "


class Replays:
    """Reads them out of the log."""

    def __init__(self, log_store: LogStore) -> None:
        self._log_store = log_store

    async def page(self, execution_id: ExecutionId, after: int) -> Replay:
        """What the native stream would have sent after that number. Raises `ApiError(not_found)`, `ContentsRemoved`."""
        handle = await self._log_store.handle(execution_id)
        if handle is None:
            raise not_found()
        if handle.emptied:
            raise ContentsRemoved
        entries = await self._log_store.read(handle, Seq(after), MOST_EVENTS)
        items, last = _cut(FrameEncoder(handle.context), entries, after)
        return Replay(tuple(items), str(last) if last < handle.last_seq else None)


def _cut(encoder: FrameEncoder, entries: Sequence[LogEntry], after: int) -> tuple[list[msgspec.Raw], int]:
    """As many as fit into an answer, and the number of the last."""
    items: list[msgspec.Raw] = []
    size, last = 0, after
    for entry in entries:
        data = encoder.frame(entry).partition(_DATA)[2].rstrip(b"\n")
        items.append(msgspec.Raw(data))
        size, last = size + len(data), entry.seq
        if size >= MOST_BYTES:
            break
    return items, last
