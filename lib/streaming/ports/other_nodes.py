"""What the nodes on one store need of each other. A node that is alone needs nothing of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import ExecutionId, Seq, WorkerId


class Ear(Protocol):
    """Who hears the other nodes. Nothing here is believed: each word only says where to look. All return at once."""

    def moved(self, newest: Collection[tuple[int, Seq]]) -> None:
        """Events were committed: by key of the execution, the number of its newest one."""

    def stop_asked(self, execution_id: ExecutionId) -> None:
        """A stop was left on the row of an execution."""

    def audience_changed(self, execution_id: ExecutionId) -> None:
        """Somewhere its first viewer came or its last one left."""

    def missed(self) -> None:
        """Words may have been lost: look at everything."""


class WakeUps(Protocol):
    """Words between nodes. They may be lost, so whoever listens looks by itself now and then."""

    async def listen(self, ear: Ear) -> None:
        """Hand on what is said until cancelled, through a lost connection too; `missed` after each beginning."""


class TailReader(Protocol):
    async def read_tails(self, cursors: Mapping[int, Seq], limit: int) -> Sequence[tuple[int, LogEntry]]:
        """The newest entries of many executions in one query: by key, at most `limit` above each number, in order.

        What was packed meanwhile is left out. Raises `StorageUnavailable`.
        """


class WatchStore(Protocol):
    """On which nodes an execution is watched. A node's word counts while its lease holds; all raise `StorageUnavailable`."""

    async def keep(self, node: WorkerId, lease_seconds: float) -> bool:
        """Say that a node lives. False if it was not known, so that nothing it said before is either."""

    async def note(self, node: WorkerId, watched: Collection[ExecutionId], left: Collection[ExecutionId]) -> None:
        """On this node `watched` have viewers now, and `left` have none any more. All nodes are told."""

    async def watched(
        self, execution_ids: Collection[ExecutionId], *, believe_leases: bool
    ) -> Mapping[ExecutionId, bool]:
        """Of these, the ones that were ever watched: whether they still are, on whatever node.

        Without `believe_leases` a node counts as alive however long it was silent.
        """

    async def tidy(self) -> None:
        """Forget what says nothing any more: nodes long gone, executions that have ended."""


class OtherNodes(msgspec.Struct, frozen=True):
    """The ways to them."""

    wake_ups: WakeUps
    tails: TailReader
    watches: WatchStore
