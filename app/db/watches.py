"""On which nodes executions are watched: the engine's `WatchStore`. Leases are judged by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    false,
    func,
    insert,
    not_,
    select,
    update,
)
from sqlalchemy.sql.dml import UpdateBase

from app.db.dialect import now_ms, upsert
from app.db.port import Announcer, Database
from app.db.prepared import PreparedList
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
                _ARRIVE.run(connection, tuple(watched), node=node)
            if left:
                _LEAVE.run(connection, tuple(left), node=node)
            if self._announcer is not None:
                self._announcer.audience_changed(connection, [*watched, *left])

        await self._database.write(work)

    async def watched(
        self, execution_ids: Collection[ExecutionId], *, believe_leases: bool
    ) -> Mapping[ExecutionId, bool]:
        asked, statement = tuple(execution_ids), _VIEWERS_ALIVE if believe_leases else _VIEWERS
        rows = await self._database.read_one(lambda connection: statement.rows(connection, asked) if asked else [])
        return {ExecutionId(row.id): row.viewers > 0 for row in rows}

    async def tidy(self) -> None:
        await self._database.write(_tidy)


def _keep(connection: Connection, node: WorkerId, lease_ms: int) -> bool:
    until = now_ms() + lease_ms
    if connection.execute(update(nodes).where(nodes.c.id == node).values(lease_until_ms=until)).rowcount:
        return True
    connection.execute(insert(nodes).values(id=node, lease_until_ms=until)).close()
    return False


def _arrival(dialect: str, ids: list[BindParameter[str]]) -> UpdateBase:
    rows = (
        select(executions.c.key, nodes.c.id, false())
        .select_from(executions.join(nodes, nodes.c.id == bindparam("node")))
        .where(executions.c.id.in_(ids))
    )
    statement = upsert(dialect, watches).from_select(["execution_key", "node_id", "gone"], rows)
    return statement.on_conflict_do_update(
        index_elements=[watches.c.execution_key, watches.c.node_id], set_={"gone": False}
    )


def _departure(_: str, ids: list[BindParameter[str]]) -> UpdateBase:
    keys = select(executions.c.key).where(executions.c.id.in_(ids))
    mine = (watches.c.node_id == bindparam("node"), watches.c.execution_key.in_(keys))
    return update(watches).where(*mine).values(gone=True)


def _viewers(ids: list[BindParameter[str]], here: ColumnElement[bool]) -> Select[tuple[ExecutionId, int]]:
    return (
        select(executions.c.id, func.count().filter(here).label("viewers"))
        .join(watches, watches.c.execution_key == executions.c.key)
        .join(nodes, nodes.c.id == watches.c.node_id)
        .where(executions.c.id.in_(ids))
        .group_by(executions.c.id)
    )


_HERE = not_(watches.c.gone)
_ARRIVE = PreparedList(Text(), _arrival)
_LEAVE = PreparedList(Text(), _departure)
_VIEWERS = PreparedList(Text(), lambda _, ids: _viewers(ids, _HERE))
#: Those on nodes that live.
_VIEWERS_ALIVE = PreparedList(Text(), lambda _, ids: _viewers(ids, and_(_HERE, nodes.c.lease_until_ms > now_ms())))


def _tidy(connection: Connection) -> None:
    lost = nodes.c.lease_until_ms < now_ms() - LOST_MS
    connection.execute(delete(nodes).where(lost)).close()
    live = select(executions.c.key).where(LIVE)
    connection.execute(delete(watches).where(watches.c.execution_key.not_in(live))).close()
