"""Which writes the database has, asked after a connection broke."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from lib.streaming.ports.log_store import Write

_STATE = """
SELECT key, epoch, (SELECT coalesce(max(seq), 0) FROM events WHERE execution_key = key)
FROM executions WHERE key = ANY ($1)
"""


class _State(msgspec.Struct):
    epoch: int
    newest: int


class StoredWrites:
    """Whoever holds an epoch numbers alone: a number stored under the epoch of a write is that very write."""

    def __init__(self, states: dict[int, _State]) -> None:
        self._states = states

    @classmethod
    async def of(cls, driver: Any, writes: Sequence[Write]) -> StoredWrites:
        """What is stored of the executions of `writes`; `driver` is a connection of asyncpg."""
        rows = await driver.fetch(_STATE, list({write.handle.key for write in writes}))
        return cls({key: _State(epoch, newest) for key, epoch, newest in rows})

    def lost(self, kept: Sequence[Write]) -> Iterator[Write]:
        """Those committed before that the server no longer has, as far as they still follow what it has."""
        for write in kept:
            state = self._states.get(write.handle.key)
            if state and state.epoch == write.epoch and write.entries[0].seq == state.newest + 1:
                state.newest = write.entries[-1].seq
                yield write

    def missing(self, writes: Sequence[Write]) -> Iterator[Write]:
        """Those of a commit that are not stored; who may no longer write is among them."""
        for write in writes:
            state = self._states.get(write.handle.key)
            if not (state and state.epoch == write.epoch and write.entries and write.entries[-1].seq <= state.newest):
                yield write
