"""Accepting executions: idempotency, the principal's limit, the rows and their first events, all in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.db import event_rows, kept_results
from app.db.definitions import DefinitionCache, PinnedVersion
from app.db.dialect import now_ms
from app.db.errors import AssistantNotFound, TicketRefused
from app.db.port import TicketWriter
from app.db.prepared import Prepared, slots
from app.db.tables import LIVE, executions, users
from lib.streaming.errors import IdempotencyConflict, TooManyExecutions
from lib.streaming.ports.execution_store import IDEMPOTENCY_MS, Accepted, Claim, Claimant, KeptResult, NewExecution
from lib.streaming.ports.log_store import LogHandle
from lib.streaming.sse_events.log_entry import LogContext, pack
from lib.streaming.sse_events.vocabulary import ExecutionQueued
from lib.streaming.types import Epoch, ExecutionId, ExecutionStatus, Seq

_row = executions.c
_SAME_KEY = (_row.principal_id == bindparam("principal"), _row.idempotency_key == bindparam("key"))

#: Starts of one principal go one by one (SQLite: all writers do), or two could pass the limit together.
#: What else refers to the principal (`key_share`) does not wait for them.
_LOCK = Prepared(
    lambda _: select(users.c.id).where(users.c.id == bindparam("principal")).with_for_update(key_share=True)
)

_STATE = Prepared(
    lambda _: select(
        now_ms().label("now"),
        select(func.count())
        .select_from(executions)
        .where(LIVE, _row.principal_id == bindparam("principal"))
        .scalar_subquery()
        .label("live"),
        select(func.count())
        .select_from(executions)
        .where(LIVE, _row.status == ExecutionStatus.PENDING)
        .scalar_subquery()
        .label("pending"),
    )
)
_BY_KEY = Prepared(lambda _: select(_row.id, _row.status, _row.request_hash, _row.created_ms).where(*_SAME_KEY))
_FORGET_KEY = Prepared(lambda _: update(executions).where(*_SAME_KEY).values(idempotency_key=None))
_GIVEN = (
    *("id", "principal_id", "assistant_id", "version_id", "on_disconnect", "idempotency_key", "request_hash"),
    *("created_ms", "inputs", "status", "epoch", "claims", "owner", "lease_until_ms", "started_ms", "rerun_of"),
)
_INSERT = Prepared(
    lambda _: insert(executions).values(**slots(executions, *_GIVEN), compacted=False).returning(_row.key)
)


class Start(msgspec.Struct, frozen=True):
    """`claimant` is whose it is from the first moment; it needs no ticket then."""

    new: NewExecution
    claimant: Claimant | None = None


#: What became of a start. Why one is refused is found before anything of it is written.
Outcome: TypeAlias = Accepted | IdempotencyConflict | TooManyExecutions


def create(
    connection: Connection, starts: Sequence[Start], definitions: DefinitionCache, tickets: TicketWriter | None = None
) -> list[Outcome]:
    """What starts of one principal come to, in their order.

    Raises `AssistantNotFound`, `ContentsRemoved`, `TicketRefused`: then none of them is stored.
    """
    principal = starts[0].new.principal_id
    _LOCK.rows(connection, principal=principal)
    state = _STATE.row(connection, principal=principal)
    assert state is not None
    transaction = _Transaction(connection, definitions, state, ticketed=tickets is not None)
    outcomes = [transaction.accept(start) for start in starts]
    if transaction.entries:
        event_rows.INSERT.many(connection, transaction.entries)
    if tickets is not None and transaction.unclaimed:
        _write_tickets(connection, transaction.unclaimed, tickets)
    return outcomes


class _Transaction:
    """Stores one execution after the other, and counts with them; what can be written together is left for the end."""

    def __init__(
        self, connection: Connection, definitions: DefinitionCache, state: tuple[int, int, int], *, ticketed: bool
    ) -> None:
        self._connection = connection
        self._definitions = definitions
        self._now, self._live, self._pending = state
        self._ticketed = ticketed
        #: Rows of (execution key, *LogEntry).
        self.entries: list[tuple[object, ...]] = []
        self.unclaimed: list[ExecutionId] = []

    def accept(self, start: Start) -> Outcome:
        new, claimant = start.new, start.claimant
        try:
            existing = _existing(self._connection, new, self._now)
        except IdempotencyConflict as conflict:
            return conflict
        if existing:
            return msgspec.structs.replace(existing, ticketed=self._ticketed)
        if self._live >= new.max_concurrent:
            message = f"{new.max_concurrent} of your executions are still running; wait for one to end or stop one."
            return TooManyExecutions(message, limit=new.max_concurrent)
        key = _insert(self._connection, new, self._now, claimant)
        if new.rerun is not None:
            kept_results.copy(self._connection, key, new.rerun)
        self._count(key, start)
        version = self._definitions.get(self._connection, new.version_id)
        handle = LogHandle(key, LogContext(new.id, version.prompt_ids), Seq(1), terminal=False)
        if claimant is None:
            return Accepted(new.id, ExecutionStatus.PENDING, existing=False, handle=handle, ticketed=self._ticketed)
        kept = kept_results.of_execution(self._connection, key) if new.rerun is not None else ()
        claim = _first_claim(new, handle, version, self._now, kept)
        return Accepted(new.id, ExecutionStatus.RUNNING, existing=False, handle=handle, claim=claim)

    def _count(self, key: int, start: Start) -> None:
        code, data = pack(ExecutionQueued(self._pending))
        self.entries.append((key, 1, code, self._now, data))
        self._live += 1
        if start.claimant is None:
            self._pending += 1
            self.unclaimed.append(start.new.id)


def _first_claim(
    new: NewExecution, handle: LogHandle, version: PinnedVersion, now: int, kept: tuple[KeptResult, ...]
) -> Claim:
    """What claiming the row just inserted would have given."""
    return Claim(
        handle=handle,
        epoch=Epoch(1),
        claims=1,
        assistant_id=new.assistant_id,
        assistant_name=version.definition.name,
        version=version.number,
        definition=version.definition,
        inputs=new.inputs,
        on_disconnect=new.on_disconnect,
        created_ms=now,
        started_ms=None,
        now_ms=now,
        results={result.prompt_id: result.output for result in kept},
        ended={},
        attempts={result.prompt_id: 1 for result in kept},
        interrupted=(),
        usage=None,
        cancel_requested=None,
        kept=kept,
    )


def _write_tickets(connection: Connection, execution_ids: Sequence[ExecutionId], tickets: TicketWriter) -> None:
    try:
        connection.exec_driver_sql(tickets.text, tickets.values(*execution_ids)).close()
    except ProgrammingError as error:
        raise TicketRefused("The job queue's tables are not as they should be.") from error


def _existing(connection: Connection, new: NewExecution, now: int) -> Accepted | None:
    """What the key started before, if it still holds; one that no longer does is taken off its execution."""
    if new.idempotency_key is None:
        return None
    names = {"principal": new.principal_id, "key": new.idempotency_key}
    row = _BY_KEY.row(connection, **names)
    if row is None:
        return None
    if row.created_ms <= now - IDEMPOTENCY_MS:
        _FORGET_KEY.run(connection, **names)
        return None
    if row.request_hash != new.request_hash:
        raise IdempotencyConflict("This Idempotency-Key was used for another request; use a new one.")
    return Accepted(ExecutionId(row.id), row.status, existing=True)


def _insert(connection: Connection, new: NewExecution, now: int, claimant: Claimant | None) -> int:
    lease_until_ms = None if claimant is None else now + round(claimant.lease_seconds * 1000)
    try:
        row = _INSERT.row(
            connection,
            new_id=new.id,
            new_principal_id=new.principal_id,
            new_assistant_id=new.assistant_id,
            new_version_id=new.version_id,
            new_on_disconnect=new.on_disconnect,
            new_idempotency_key=new.idempotency_key,
            new_request_hash=new.request_hash,
            new_created_ms=now,
            new_inputs=new.inputs,
            new_status=ExecutionStatus.PENDING if claimant is None else ExecutionStatus.RUNNING,
            new_epoch=0 if claimant is None else 1,
            new_claims=0 if claimant is None else 1,
            new_owner=None if claimant is None else claimant.worker,
            new_lease_until_ms=lease_until_ms,
            new_started_ms=None if claimant is None else now,
            new_rerun_of=None if new.rerun is None else new.rerun.of,
        )
    except IntegrityError as error:
        raise AssistantNotFound("The assistant or its version is no longer there.") from error
    assert row is not None
    return int(row.key)
