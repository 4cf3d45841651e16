"""What has been kept long enough is removed, a little at a time, in the background or by command."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable

import msgspec

from app.db.database import Storage
from app.db.retention import Due
from app.settings import Settings
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError

log = logging.getLogger(__name__)

DAY_MS = 24 * 3600 * 1000
#: Between two runs, drawn anew each time, so that processes that started together do not all run at once.
EVERY_SECONDS = (1800.0, 3600.0)
#: A batch grows or shrinks until its transaction takes about this long: others want to write too.
BATCH_SECONDS = 0.05
BATCH = (1, 500)
FIRST_BATCH = 20
#: After a batch others have the database to themselves at least this long, and at least as long as the batch took.
PAUSE_SECONDS = 0.02


class Ages(msgspec.Struct, frozen=True):
    """Milliseconds after which each kind goes; None: never."""

    contents: int | None = None
    records: int | None = None
    audit: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Ages:
        days = (settings.retention_content_days, settings.retention_metadata_days, settings.retention_audit_days)
        return cls(*(None if kept is None else kept * DAY_MS for kept in days))

    def __bool__(self) -> bool:
        return (self.contents, self.records, self.audit) != (None, None, None)


class Retention:
    """Safe to run in several processes, at any time, and to break off anywhere."""

    def __init__(self, storage: Storage, clock: Clock, ages: Ages, rng: random.Random) -> None:
        self.ages = ages
        self._retention = storage.retention
        self._audit = storage.audit
        self._clock = clock
        self._rng = rng

    async def keep_running(self) -> None:
        """Serve as a supervised task."""
        while True:
            await self._clock.sleep(self._rng.uniform(*EVERY_SECONDS))
            try:
                await self.run()
            except StreamingError as error:
                log.warning("the retention run failed and will come again: %s", error.message)

    async def due(self) -> Due:
        return await self._retention.due(self.ages.contents, self.ages.records, self.ages.audit)

    async def run(self) -> Due:
        """Remove everything that is due; what was removed.

        Leaves an audit row before it begins and one when it has ended, unless nothing is due.
        """
        due = await self.due()
        if not due:
            return due
        await self._note("retention.began", due)
        removed = Due(
            contents=await self._remove(self._retention.remove_contents, self.ages.contents),
            records=await self._remove(self._retention.remove_records, self.ages.records),
            audit=await self._remove(self._retention.remove_audit, self.ages.audit),
        )
        await self._note("retention.ended", removed)
        log.info(
            "retention: contents of %d executions, %d records and %d audit rows removed",
            *(removed.contents, removed.records, removed.audit),
        )
        return removed

    async def _remove(self, batch: Callable[[int, int], Awaitable[int]], age: int | None) -> int:
        removed, size = 0, FIRST_BATCH
        while age is not None:
            began = self._clock.monotonic()
            found = await batch(age, size)
            removed += found
            if found == 0:
                break
            took = self._clock.monotonic() - began
            size = _next_size(size, took)
            await self._clock.sleep(max(PAUSE_SECONDS, took))
        return removed

    async def _note(self, action: str, counts: Due) -> None:
        details = {"contents": counts.contents, "records": counts.records, "audit": counts.audit}
        await self._audit.add(None, action, "executions", details)


def _next_size(size: int, took: float) -> int:
    least, most = BATCH
    if took > BATCH_SECONDS:
        return max(least, size // 2)
    return min(most, size * 2) if took < BATCH_SECONDS / 4 else size
