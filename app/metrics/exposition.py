"""The figures of this process as one page of text."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.db.backlog import Backlog
from app.metrics.families import families
from app.metrics.sources import Sources
from lib.streaming.errors import StreamingError

log = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
#: A page without the database's part is better than none.
DATABASE_SECONDS = 2.0


async def exposition(sources: Sources) -> bytes:
    """In the content type `CONTENT_TYPE`. Answers also where the database does not."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(sources, await _backlog(sources)))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


async def _backlog(sources: Sources) -> Backlog | None:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            return await sources.backlog()
    except (StreamingError, TimeoutError) as error:
        log.warning("the metrics lack the queue: %s", type(error).__name__)
        return None


class _Snapshot(Collector):
    def __init__(self, sources: Sources, backlog: Backlog | None) -> None:
        self._sources = sources
        self._backlog = backlog

    def collect(self) -> Iterator[Metric]:
        return families(self._sources, self._backlog)
