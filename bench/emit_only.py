"""The server without its log: text is shown but not stored. `python -m bench.emit_only serve`, for measurements only.

What changes rows (an attempt begins, an execution ends) is committed as ever, so that everything else works; text that
comes with nothing else is not, and nothing waits for a commit or for the pace of commits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from unittest.mock import patch

from app.cli import main
from app.db import database
from app.db.event_log import SqlLogStore
from app.settings import model
from lib.streaming.ports.log_store import Write
from lib.streaming.types import ExecutionId


class EmitOnly(SqlLogStore):
    """Keeps writes that change rows and lets all others go."""

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        return await super().commit([write for write in writes if write.changes])


if __name__ == "__main__":
    # The product has no switch for this, so the store and the pace are put in from here.
    with patch.object(database, "SqlLogStore", EmitOnly), patch.object(model, "COMMIT_PACE_SECONDS", 0.0):
        main()
