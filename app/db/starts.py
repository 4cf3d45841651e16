"""Accepting an execution: idempotency, the principal's limit, the row and its first event, all in one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.db.definitions import DefinitionCache
from app.db.dialect import now_ms
from app.db.errors import AssistantNotFound
from app.db.tables import LIVE, events, executions, users
from lib.streaming.errors import IdempotencyConflict, TooManyExecutions
from lib.streaming.ports import IDEMPOTENCY_MS, Accepted, LogHandle, NewExecution
from lib.streaming.sse_events.log_entry import LogContext, pack
from lib.streaming.sse_events.vocabulary import ExecutionQueued
from lib.streaming.types import ExecutionId, ExecutionStatus, Seq

_row = executions.c


def create(connection: Connection, new: NewExecution, definitions: DefinitionCache) -> Accepted:
    # Starts of one principal go one by one (SQLite: all writers do), or two could pass the limit together.
    connection.execute(select(users.c.id).where(users.c.id == new.principal_id).with_for_update())
    now = connection.scalar(select(now_ms())) or 0
    if existing := _existing(connection, new, now):
        return existing
    _check_limit(connection, new)
    pending = select(func.count()).where(LIVE, _row.status == ExecutionStatus.PENDING)
    position = connection.scalar(pending) or 0
    key = _insert(connection, new, now)
    code, data = pack(ExecutionQueued(position))
    connection.execute(insert(events).values(execution_key=key, seq=1, code=code, at_ms=now, data=data))
    version = definitions.get(connection, new.version_id)
    handle = LogHandle(key, LogContext(new.id, version.prompt_ids), Seq(1), terminal=False)
    return Accepted(new.id, ExecutionStatus.PENDING, existing=False, handle=handle)


def _existing(connection: Connection, new: NewExecution, now: int) -> Accepted | None:
    """What the key started before, if it still holds; one that no longer does is taken off its execution."""
    if new.idempotency_key is None:
        return None
    same_key = (_row.principal_id == new.principal_id, _row.idempotency_key == new.idempotency_key)
    row = connection.execute(
        select(_row.id, _row.status, _row.request_hash, _row.created_ms).where(*same_key)
    ).one_or_none()
    if row is None:
        return None
    if row.created_ms <= now - IDEMPOTENCY_MS:
        connection.execute(update(executions).where(*same_key).values(idempotency_key=None))
        return None
    if row.request_hash != new.request_hash:
        raise IdempotencyConflict("This Idempotency-Key was used for another request; use a new one.")
    return Accepted(ExecutionId(row.id), row.status, existing=True)


def _check_limit(connection: Connection, new: NewExecution) -> None:
    live = select(func.count()).where(LIVE, _row.principal_id == new.principal_id)
    if (connection.scalar(live) or 0) >= new.max_concurrent:
        message = f"{new.max_concurrent} of your executions are still running; wait for one to end or stop one."
        raise TooManyExecutions(message, limit=new.max_concurrent)


def _insert(connection: Connection, new: NewExecution, now: int) -> int:
    statement = insert(executions).values(
        id=new.id,
        principal_id=new.principal_id,
        assistant_id=new.assistant_id,
        version_id=new.version_id,
        status=ExecutionStatus.PENDING,
        epoch=0,
        claims=0,
        on_disconnect=new.on_disconnect,
        idempotency_key=new.idempotency_key,
        request_hash=new.request_hash,
        created_ms=now,
        compacted=False,
        inputs=new.inputs,
    )
    try:
        key: int = connection.execute(statement.returning(_row.key)).scalar_one()
    except IntegrityError as error:
        raise AssistantNotFound("The assistant or its version is no longer there.") from error
    return key
