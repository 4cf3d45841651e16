"""On which nodes executions are watched: the engine's `WatchStore`. Leases are judged by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, and_, delete, false, func, insert, not_, select, update

from app.db.dialect import now_ms, upsert
from app.db.port import Announcer, Database
from app.db.tables import LIVE, executions, nodes, watches
from lib.streaming.types import ExecutionId, WorkerId

#: A node that was silent for so long (a day) does not come back.
LOST_MS = 24 * 3600 * 1000


class SqlWatchStore:
    """`announcer`: tells the other nodes of what was noted."""

    def __init__(self, database: Database, announcer: Announcer | None = None) -> None:
        self._database = database
        self._announcer = announcer

    async def keep(self, node: WorkerId, lease_seconds: float) -> bool:
        lease_ms = round(lease_seconds * 1000)
        return await self._database.write(lambda connection: _keep(connection, node, lease_ms))

    async def note(self, node: WorkerId, watched: Collection[ExecutionId], left: Collection[ExecutionId]) -> None:
        """As the port says; the node's lease must have been kept before."""

        def work(connection: Connection) -> None:
            if watched:
                _arrive(connection, node, watched)
            if left:
                _leave(connection, node, left)
            if self._announcer is not None:
                self._announcer.audience_changed(connection, [*watched, *left])

        await self._database.write(work)

    async def watched(
        self, execution_ids: Collection[ExecutionId], *, believe_leases: bool
    ) -> Mapping[ExecutionId, bool]:
        return await self._database.read(
            lambda connection: _watched(connection, execution_ids, believe_leases=believe_leases)
        )

    async def tidy(self) -> None:
        await self._database.write(_tidy)


def _keep(connection: Connection, node: WorkerId, lease_ms: int) -> bool:
    until = now_ms() + lease_ms
    if connection.execute(update(nodes).where(nodes.c.id == node).values(lease_until_ms=until)).rowcount:
        return True
    connection.execute(insert(nodes).values(id=node, lease_until_ms=until)).close()
    return False


def _arrive(connection: Connection, node: WorkerId, execution_ids: Collection[ExecutionId]) -> None:
    rows = (
        select(executions.c.key, nodes.c.id, false())
        .select_from(executions.join(nodes, nodes.c.id == node))
        .where(executions.c.id.in_(execution_ids))
    )
    statement = upsert(connection.dialect.name, watches).from_select(["execution_key", "node_id", "gone"], rows)
    again = statement.on_conflict_do_update(
        index_elements=[watches.c.execution_key, watches.c.node_id], set_={"gone": False}
    )
    connection.execute(again).close()


def _leave(connection: Connection, node: WorkerId, execution_ids: Collection[ExecutionId]) -> None:
    keys = select(executions.c.key).where(executions.c.id.in_(execution_ids))
    connection.execute(
        update(watches).where(watches.c.node_id == node, watches.c.execution_key.in_(keys)).values(gone=True)
    ).close()


def _watched(
    connection: Connection, execution_ids: Collection[ExecutionId], *, believe_leases: bool
) -> dict[ExecutionId, bool]:
    here = not_(watches.c.gone)
    if believe_leases:
        here = and_(here, nodes.c.lease_until_ms > now_ms())
    rows = connection.execute(
        select(executions.c.id, func.count().filter(here))
        .join(watches, watches.c.execution_key == executions.c.key)
        .join(nodes, nodes.c.id == watches.c.node_id)
        .where(executions.c.id.in_(execution_ids))
        .group_by(executions.c.id)
    )
    return {ExecutionId(execution_id): count > 0 for execution_id, count in rows}


def _tidy(connection: Connection) -> None:
    lost = nodes.c.lease_until_ms < now_ms() - LOST_MS
    connection.execute(delete(nodes).where(lost)).close()
    live = select(executions.c.key).where(LIVE)
    connection.execute(delete(watches).where(watches.c.execution_key.not_in(live))).close()
