"""A store in memory that several nodes share, with the ways between them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lib.streaming.clock import Clock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.memory_store import MemoryStore
from lib.streaming.ports.execution_store import CancelView
from lib.streaming.ports.log_store import Write
from lib.streaming.ports.other_nodes import Ear, OtherNodes
from lib.streaming.sse_events.log_entry import LogEntry
from lib.streaming.types import EndedBy, ExecutionId, Seq, WorkerId

LOST_SECONDS = 24 * 3600.0


@dataclass
class NodeRow:
    lease_until: float
    watches: dict[ExecutionId, bool] = field(default_factory=dict)


class SharedStore(MemoryStore):
    """Implements all that `OtherNodes` holds.

    `mute`: what is said is lost. `away`: only executions and their events get through. `cut_off`: a node whose lease
    does not.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.mute = False
        self.away = False
        self.cut_off: WorkerId | None = None
        self.reads = 0
        self.nodes: dict[WorkerId, NodeRow] = {}
        self.packed: set[Seq] = set()
        self._time = clock
        self._ears: list[Ear] = []

    @property
    def others(self) -> OtherNodes:
        return OtherNodes(self, self, self)

    # --- WakeUps ------------------------------------------------------------------------------------------------

    async def listen(self, ear: Ear) -> None:
        self._ears.append(ear)
        ear.missed()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._ears.remove(ear)

    def _heard_by(self) -> Sequence[Ear]:
        return () if self.mute else self._ears

    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        refused = await super().commit(writes)
        for ear in self._heard_by():
            ear.moved([(write.handle.key, write.entries[-1].seq) for write in writes if write.entries])
        return refused

    async def request_cancel(self, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
        view = await super().request_cancel(execution_id, by)
        for ear in self._heard_by():
            ear.stop_asked(execution_id)
        return view

    # --- TailReader ---------------------------------------------------------------------------------------------

    async def read_tails(self, cursors: Mapping[int, Seq], limit: int) -> Sequence[tuple[int, LogEntry]]:
        self._answer()
        self.reads += 1
        found: list[tuple[int, LogEntry]] = []
        for row in self.rows.values():
            if row.key in cursors:
                after = [entry for entry in row.entries if entry.seq > cursors[row.key]]
                found += [(row.key, entry) for entry in after if entry.seq not in self.packed][:limit]
        return found

    # --- WatchStore ---------------------------------------------------------------------------------------------

    async def keep(self, node: WorkerId, lease_seconds: float) -> bool:
        self._answer()
        if node == self.cut_off:
            raise StorageUnavailable("The store is away for this node.")
        known = node in self.nodes
        until = self._time.monotonic() + lease_seconds
        self.nodes.setdefault(node, NodeRow(until)).lease_until = until
        return known

    async def note(self, node: WorkerId, watched: Collection[ExecutionId], left: Collection[ExecutionId]) -> None:
        self._answer()
        here = self.nodes[node].watches
        here |= {id_: True for id_ in watched if id_ in self.rows}
        here |= {id_: False for id_ in left if id_ in here}
        for ear in self._heard_by():
            for execution_id in (*watched, *left):
                ear.audience_changed(execution_id)

    async def watched(
        self, execution_ids: Collection[ExecutionId], *, believe_leases: bool
    ) -> Mapping[ExecutionId, bool]:
        self._answer()
        now, seen = self._time.monotonic(), dict[ExecutionId, bool]()
        for node in self.nodes.values():
            lives = node.lease_until > now or not believe_leases
            for id_ in node.watches.keys() & set(execution_ids):
                seen[id_] = seen.get(id_, False) or (lives and node.watches[id_])
        return seen

    async def tidy(self) -> None:
        self._answer()
        now = self._time.monotonic()
        self.nodes = {id_: node for id_, node in self.nodes.items() if node.lease_until >= now - LOST_SECONDS}
        for node in self.nodes.values():
            node.watches = {id_: here for id_, here in node.watches.items() if not self.rows[id_].status.terminal}

    def _answer(self) -> None:
        if self.away:
            raise StorageUnavailable("The store is away.")
