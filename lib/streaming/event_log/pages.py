"""What readers get that are behind the tail, or far behind: stretches of the log, made once and shared."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from lib.streaming.event_log.channel import Channel
from lib.streaming.ports.log_store import LogStore
from lib.streaming.sse_events.frames import merge_deltas
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import ExecutionId, Seq

#: A reader more than this many events behind gets neighbouring deltas merged; others get every event by itself.
FAR_BEHIND = 256
PAGE_ENTRIES = 2000
CACHE_BYTES = 16 * 1024 * 1024


class Page(msgspec.Struct, frozen=True):
    """Frames after some number up to `last`; `terminal` if the last one is the terminal event."""

    frames: bytes
    last: Seq
    terminal: bool


class PageCache:
    """Committed events never change, so a page is good for every reader that starts at the same number."""

    def __init__(self, store: LogStore, capacity_bytes: int = CACHE_BYTES) -> None:
        self._store = store
        self._capacity = capacity_bytes
        self._size = 0
        self._pages: OrderedDict[tuple[ExecutionId, Seq], Page] = OrderedDict()
        self._loading: dict[tuple[ExecutionId, Seq], asyncio.Task[Page | None]] = {}

    async def after(self, channel: Channel, after: Seq) -> Page | None:
        """The page that begins after a number; None if nothing is stored there."""
        key = (channel.execution_id, after)
        if page := self._pages.get(key):
            self._pages.move_to_end(key)
            return page
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.get_running_loop().create_task(self._load(channel, after), name="event-log-page")
            self._loading[key] = loading
            loading.add_done_callback(lambda done: self._loaded(key, done))
        return await asyncio.shield(loading)

    def _loaded(self, key: tuple[ExecutionId, Seq], done: asyncio.Task[Page | None]) -> None:
        self._loading.pop(key, None)
        if not done.cancelled():
            # Every reader may have left meanwhile; then nobody else takes the exception.
            done.exception()

    async def _load(self, channel: Channel, after: Seq) -> Page | None:
        entries = channel.tail_after(after)
        if entries is None:
            entries = await self._store.read(channel.handle, after, PAGE_ENTRIES)
        if not entries:
            return None
        page = _page(channel, entries[:PAGE_ENTRIES])
        self._keep((channel.execution_id, after), page)
        return page

    def _keep(self, key: tuple[ExecutionId, Seq], page: Page) -> None:
        self._pages[key] = page
        self._size += len(page.frames)
        while self._size > self._capacity:
            _, oldest = self._pages.popitem(last=False)
            self._size -= len(oldest.frames)


def _page(channel: Channel, entries: Sequence[LogEntry]) -> Page:
    shown = merge_deltas(entries) if len(entries) > FAR_BEHIND else entries
    frames = b"".join(channel.encoder.frame(entry) for entry in shown)
    return Page(frames, entries[-1].seq, entries[-1].code == EventCode.EXECUTION_FINISHED)
