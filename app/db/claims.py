"""Leases: taking executions, keeping them, giving them back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import UpdateBase

from app.db import kept_results
from app.db.definitions import DefinitionCache
from app.db.dialect import now_ms
from app.db.event_rows import NEWEST
from app.db.prepared import Prepared, PreparedList, slots
from app.db.tables import LIVE, executions, prompt_results
from app.db.takeover import Legacy, take_over
from lib.streaming.ports.execution_store import CancelView, Claim, Orphan, Ownership, Renewal
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.sse_events.log_entry import LogContext
from lib.streaming.types import (
    AssistantId,
    EndedBy,
    Epoch,
    ExecutionId,
    ExecutionStatus,
    Seq,
    VersionId,
    WorkerId,
)

_row = executions.c


def _unheld() -> ColumnElement[bool]:
    """Nobody's: never taken, or its lease has lapsed."""
    lapsed = and_(_row.status == ExecutionStatus.RUNNING, _row.lease_until_ms <= now_ms())
    return or_(_row.status == ExecutionStatus.PENDING, lapsed)


def _locked(rows: ColumnElement[bool]) -> ColumnElement[bool]:
    """Those rows, locked in the order in which a commit locks them: or the two could wait for each other."""
    return _row.key.in_(select(_row.key).where(rows).order_by(_row.key).with_for_update(key_share=True))


_LEASE = now_ms() + bindparam("lease_ms", type_=BigInteger)

#: PostgreSQL looks at other tables before it waits for a row: a claim that waited for the last owner's commit would not
#: see its events. So it waits in a statement of its own. SQLite has one writer at a time.
_WAIT = Prepared(lambda _: select(_row.key).where(_row.id == bindparam("execution")).with_for_update(key_share=True))

_CLAIM = Prepared(
    lambda _: (
        update(executions)
        .where(_row.id == bindparam("execution"), _unheld())
        .values(
            status=ExecutionStatus.RUNNING,
            epoch=_row.epoch + 1,
            claims=_row.claims + 1,
            owner=bindparam("worker"),
            lease_until_ms=_LEASE,
            started_ms=func.coalesce(_row.started_ms, now_ms()),
        )
        .returning(
            *(_row.key, _row.epoch, _row.claims, _row.assistant_id, _row.version_id, _row.inputs, _row.on_disconnect),
            *(_row.created_ms, _row.started_ms, _row.cancel_requested, _row.rerun_of, NEWEST, now_ms().label("now")),
        )
    )
)


def claim(
    connection: Connection, execution_id: ExecutionId, worker: WorkerId, lease_ms: int, definitions: DefinitionCache
) -> Claim | None:
    """Take the row, and on a takeover find what the last owner left."""
    if connection.dialect.name == "postgresql":
        _WAIT.rows(connection, execution=execution_id)
    row = _CLAIM.row(connection, execution=execution_id, worker=worker, lease_ms=lease_ms)
    if row is None:
        return None
    version = definitions.get(connection, VersionId(row.version_id))
    handle = LogHandle(row.key, LogContext(execution_id, version.prompt_ids), Seq(row.last_seq or 0), terminal=False)
    first = row.epoch == 1
    kept = () if row.rerun_of is None else kept_results.of_execution(connection, handle.key)
    legacy = Legacy.of_kept(kept) if first else take_over(connection, handle)
    return Claim(
        handle=handle,
        epoch=Epoch(row.epoch),
        claims=row.claims,
        assistant_id=AssistantId(row.assistant_id),
        assistant_name=version.definition.name,
        version=version.number,
        definition=version.definition,
        inputs=row.inputs,
        on_disconnect=row.on_disconnect,
        created_ms=row.created_ms,
        # As it was before this claim.
        started_ms=None if first else row.started_ms,
        now_ms=row.now,
        results=legacy.results,
        ended=legacy.ended,
        attempts=legacy.attempts,
        interrupted=legacy.interrupted,
        usage=legacy.usage,
        cost=legacy.cost,
        cancel_requested=row.cancel_requested,
        kept=kept,
    )


def _renewal(dialect: str, keys: list[BindParameter[str]]) -> UpdateBase:
    held = and_(_row.id.in_(keys), _row.owner == bindparam("worker"), _row.status == ExecutionStatus.RUNNING)
    return (
        update(executions)
        .where(_locked(held) if dialect == "postgresql" else held)
        .values(lease_until_ms=_LEASE)
        .returning(_row.id, _row.epoch, _row.cancel_requested)
    )


_RENEW = PreparedList(Text(), _renewal)


def renew(connection: Connection, worker: WorkerId, held: Mapping[ExecutionId, Epoch], lease_ms: int) -> Renewal:
    rows = _RENEW.rows(connection, tuple(held), worker=worker, lease_ms=lease_ms)
    kept = {ExecutionId(row.id): row.cancel_requested for row in rows if held[ExecutionId(row.id)] == row.epoch}
    return Renewal(
        lost=frozenset(held.keys() - kept.keys()), cancels={id_: by for id_, by in kept.items() if by is not None}
    )


def release(connection: Connection, execution_id: ExecutionId, epoch: Epoch) -> None:
    """Void the lease; the claim is not charged."""
    connection.execute(
        update(executions)
        .where(_row.id == execution_id, _row.epoch == epoch, _row.status == ExecutionStatus.RUNNING)
        .values(lease_until_ms=0, claims=case((_row.lease_until_ms > 0, _row.claims - 1), else_=_row.claims))
    )


def expire_leases(connection: Connection) -> int:
    held = and_(LIVE, _row.status == ExecutionStatus.RUNNING, _row.lease_until_ms > 0)
    return connection.execute(update(executions).where(_locked(held)).values(lease_until_ms=0)).rowcount


_ASK = Prepared(
    lambda _: (
        update(executions)
        .where(_row.id == bindparam("execution"), LIVE, _row.cancel_requested.is_(None))
        .values(**slots(executions, "cancel_requested"))
    )
)
_VIEW = Prepared(
    lambda _: select(_row.key, _row.status, _row.owner, _unheld().label("unheld")).where(
        _row.id == bindparam("execution")
    )
)


def request_cancel(connection: Connection, execution_id: ExecutionId, by: EndedBy) -> CancelView | None:
    """The first to ask stays the one who asked."""
    _ASK.run(connection, execution=execution_id, new_cancel_requested=by)
    row = _VIEW.row(connection, execution=execution_id)
    if row is None:
        return None
    ownership = _ownership(row.status, unheld=row.unheld)
    kept = _kept_chars(connection, row.key) if ownership is Ownership.TERMINAL else 0
    return CancelView(ownership, row.status, row.owner, kept)


def _kept_chars(connection: Connection, key: int) -> int:
    texts = connection.execute(
        select(prompt_results.c.output, prompt_results.c.reasoning).where(prompt_results.c.execution_key == key)
    )
    return sum(len(output) + len(reasoning) for output, reasoning in texts)


def orphans(connection: Connection, limit: int) -> list[Orphan]:
    rows = connection.execute(
        select(_row.id, _row.status, (now_ms() - _row.created_ms).label("age"))
        .where(LIVE, _unheld())
        .order_by(_row.created_ms, _row.key)
        .limit(limit)
    )
    return [Orphan(ExecutionId(row.id), row.status is ExecutionStatus.PENDING, row.age) for row in rows]


def _ownership(status: ExecutionStatus, *, unheld: bool) -> Ownership:
    if status.terminal:
        return Ownership.TERMINAL
    if status is ExecutionStatus.PENDING:
        return Ownership.PENDING
    return Ownership.LAPSED if unheld else Ownership.OWNED
