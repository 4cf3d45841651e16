"""Delivery tickets for executions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol, TypeAlias

import msgspec

from lib.streaming.types import (
    ExecutionId,
)


class Outcome(StrEnum):
    """What a worker did with a ticket: `done` removes it, `give_back` offers it again at once."""

    DONE = "done"
    GIVE_BACK = "give_back"


Handler: TypeAlias = Callable[[ExecutionId], Awaitable[Outcome]]


class QueueStats(msgspec.Struct, frozen=True):
    queued: int
    running: int


class JobQueue(Protocol):
    """Delivery tickets for executions. A ticket can always be made again: the row is the truth."""

    async def open(self, handler: Handler | None) -> None:
        """Start; with a handler this process works, without one it only submits."""

    async def submit(self, *execution_ids: ExecutionId) -> None:
        """Offer executions to workers; doing so again while a ticket waits or runs is harmless.

        Raises `StorageUnavailable` where tickets lie in a database that does not answer.
        """

    async def stats(self) -> QueueStats: ...

    async def pause(self) -> None:
        """Take no further tickets; those in hand go on."""

    async def close(self) -> None: ...
