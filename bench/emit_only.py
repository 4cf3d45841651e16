"""The server without its log: text is shown but not stored. `python -m bench.emit_only serve`, for measurements only.

What changes rows (an attempt begins, an execution ends) is committed as ever, so that everything else works; text that
comes with nothing else is not, and nothing waits for a commit or for the pace of commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from unittest.mock import patch

import msgspec

from app.cli import main
from app.db import database
from app.db.database import Closable, Storage
from app.settings import model
from lib.streaming.ports.log_store import ExecutionEnded, LogHandle, LogStore, Write
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq


class EmitOnly:
    """Passes on writes that change rows and lets all others go; what is stored is numbered as if there were no others."""

    def __init__(self, store: LogStore) -> None:
        self._store = store
        self._last: dict[ExecutionId, Seq] = {}

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        kept = [self._renumbered(write) for write in writes if write.changes]
        return await self._store.commit(kept) if kept else ()

    async def handle(self, execution_id: ExecutionId) -> LogHandle | None:
        return await self._store.handle(execution_id)

    async def read(self, handle: LogHandle, after: Seq, limit: int) -> Sequence[LogEntry]:
        return await self._store.read(handle, after, limit)

    async def close(self) -> None:
        if isinstance(self._store, Closable):
            await self._store.close()

    def _renumbered(self, write: Write) -> Write:
        execution = write.handle.context.execution_id
        last = self._last.get(execution, write.handle.last_seq)
        entries = tuple(entry._replace(seq=Seq(last + nth)) for nth, entry in enumerate(write.entries, 1))
        self._last[execution] = Seq(last + len(entries))
        if any(isinstance(change, ExecutionEnded) for change in write.changes):
            del self._last[execution]
        return msgspec.structs.replace(write, entries=entries)


class StorageWithoutLog(Storage):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.log_store = EmitOnly(self.log_store)


if __name__ == "__main__":
    # The product has no switch for this, so storage and pace are put in from here.
    with patch.object(database, "Storage", StorageWithoutLog), patch.object(model, "COMMIT_PACE_SECONDS", 0.0):
        main()
