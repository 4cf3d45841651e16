"""The one writer of a process: commits what gathered while its last commit ran."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from lib.streaming.clock import Clock
from lib.streaming.errors import LeaseLost, StorageUnavailable
from lib.streaming.event_log.appender import Appender, Batch
from lib.streaming.ports.log_store import LogStore, Write
from lib.streaming.types import ExecutionId

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.1


class GroupCommit:
    """Serve `run()` as a supervised task. `give_up_seconds`: how long a dead store is retried, below the lease."""

    def __init__(self, store: LogStore, clock: Clock, give_up_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._give_up_seconds = give_up_seconds
        self._dirty: dict[Appender, None] = {}
        self._wake: asyncio.Future[None] | None = None
        self._stopping = False

    def mark(self, appender: Appender) -> None:
        """Have an appender's events taken by the next commit."""
        self._dirty[appender] = None
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def run(self) -> None:
        """Commit until `stop`, and then what still waits."""
        while self._dirty or not self._stopping:
            if not self._dirty:
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
            appenders, self._dirty = list(self._dirty), {}
            batches = [batch for appender in appenders if (batch := appender.take())]
            if batches:
                await self._commit(batches)

    def stop(self) -> None:
        self._stopping = True
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _commit(self, batches: Sequence[Batch]) -> None:
        try:
            refused = await self._commit_or_give_up([batch.write for batch in batches])
        except StorageUnavailable as failure:
            for batch in batches:
                batch.appender.fail(failure)
        except Exception:  # noqa: BLE001 - whatever it is, only the write that causes it may suffer
            await self._commit_one_by_one(batches)
        else:
            for batch in batches:
                _settle(batch, refused)

    async def _commit_one_by_one(self, batches: Sequence[Batch]) -> None:
        """One write that the store cannot take must not take the others down with it."""
        for batch in batches:
            execution = batch.appender.channel.execution_id
            try:
                refused = await self._commit_or_give_up([batch.write])
            except Exception as error:
                log.exception("the events of execution %s cannot be stored", execution)
                batch.appender.fail(StorageUnavailable(f"The events could not be stored: {type(error).__name__}."))
            else:
                _settle(batch, refused)

    async def _commit_or_give_up(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        deadline = self._clock.monotonic() + self._give_up_seconds
        while True:
            try:
                return await self._store.commit(writes)
            except StorageUnavailable as error:
                log.warning("commit of %d executions failed, trying again: %s", len(writes), error)
                if self._clock.monotonic() >= deadline:
                    raise
            await self._clock.sleep(RETRY_SECONDS)


def _settle(batch: Batch, refused: Collection[ExecutionId]) -> None:
    execution = batch.appender.channel.execution_id
    if execution in refused:
        batch.appender.fail(LeaseLost(f"Another worker owns execution {execution} now."))
    else:
        batch.appender.committed(batch)
