"""The one writer of a process: commits what gathered while its last commit ran."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence

from lib.streaming.clock import Clock
from lib.streaming.errors import LeaseLost, StorageUnavailable
from lib.streaming.event_log.appender import Appender, Batch
from lib.streaming.ports.log_store import LogStore
from lib.streaming.types import ExecutionId

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.1


class GroupCommit:
    """Serve `run()` as a supervised task. `give_up_seconds`: how long a dead store is retried, below the lease.

    `pace_seconds`: the least time from the beginning of one commit to that of the next. After silence nothing waits.
    """

    def __init__(self, store: LogStore, clock: Clock, give_up_seconds: float, pace_seconds: float = 0.0) -> None:
        self._store = store
        self._clock = clock
        self._give_up_seconds = give_up_seconds
        self._dirty: dict[Appender, None] = {}
        self._wake: asyncio.Future[None] | None = None
        self._pace_seconds = pace_seconds
        self._not_before = 0.0
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
            await self._keep_pace()
            appenders, self._dirty = self._dirty, {}
            batches = [batch for appender in appenders if (batch := appender.take())]
            if batches:
                await self._commit(batches)

    def stop(self) -> None:
        self._stopping = True
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _keep_pace(self) -> None:
        if not self._pace_seconds or self._stopping:
            return
        now = self._clock.monotonic()
        if now < self._not_before:
            await self._clock.sleep(self._not_before - now)
            now = self._clock.monotonic()
        self._not_before = now + self._pace_seconds

    async def _commit(self, batches: Sequence[Batch]) -> None:
        try:
            refused = await self._store.commit([batch.write for batch in batches])
        except StorageUnavailable as error:
            await self._commit_again(batches, error)
        except Exception:  # noqa: BLE001 - whatever it is, only the write that causes it may suffer
            await self._commit_one_by_one(batches)
        else:
            _settle(batches, refused)

    async def _commit_one_by_one(self, batches: Sequence[Batch]) -> None:
        """One write that the store cannot take must not take the others down with it."""
        for batch in batches:
            try:
                refused = await self._store.commit([batch.write])
            except StorageUnavailable as error:
                await self._commit_again([batch], error)
            except Exception as error:
                log.exception("the events of execution %s cannot be stored", batch.appender.channel.execution_id)
                batch.appender.fail(StorageUnavailable(f"The events could not be stored: {type(error).__name__}."))
            else:
                _settle([batch], refused)

    async def _commit_again(self, batches: Sequence[Batch], error: StorageUnavailable) -> None:
        """Try until the store answers or the time is up."""
        deadline = self._clock.monotonic() + self._give_up_seconds
        while True:
            log.warning("commit of %d executions failed, trying again: %s", len(batches), error)
            if self._clock.monotonic() >= deadline:
                for batch in batches:
                    batch.appender.fail(error)
                return
            await self._clock.sleep(RETRY_SECONDS)
            try:
                refused = await self._store.commit([batch.write for batch in batches])
            except StorageUnavailable as again:
                error = again
            except Exception:  # noqa: BLE001 - as above
                await self._commit_one_by_one(batches)
                return
            else:
                _settle(batches, refused)
                return


def _settle(batches: Sequence[Batch], refused: Collection[ExecutionId]) -> None:
    for batch in batches:
        if refused and (execution := batch.appender.channel.execution_id) in refused:
            batch.appender.fail(LeaseLost(f"Another worker owns execution {execution} now."))
        else:
            batch.appender.committed(batch)
