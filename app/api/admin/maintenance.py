"""/api/admin/maintenance: the sweep and the retention run, looked at and asked for."""

import msgspec
from litestar import post
from litestar.params import RawBody

from app.api.admin.caller import GUARDS, Caller, note
from app.api.dependencies import TheAudit, TheMaintenance
from app.api.documented import json_body
from app.api.request_body import finished, object_in
from app.db.retention import Due


class ApplyBody(msgspec.Struct):
    """Without `apply` nothing is done: the answer tells what would be."""

    apply: bool = False


class SweepAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`unheld`: live executions that nobody runs; `unpacked`: ended ones whose events are not packed yet. Each is
    counted to 500, before anything was done.
    """

    applied: bool
    unheld: int
    unpacked: int


class Counts(msgspec.Struct, frozen=True, rename="camel"):
    """Executions whose contents go, executions that go whole, audit rows."""

    contents: int
    records: int
    audit: int


class RetentionAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """`removed` is null if nothing was asked for, or if it goes on in the background: the audit tells its end."""

    applied: bool
    due: Counts
    removed: Counts | None


@post(
    "/api/admin/maintenance/sweep",
    status_code=200,
    summary="What the sweep would find; do it with `apply`",
    operation_class=json_body(ApplyBody),
    guards=GUARDS,
)
async def run_sweep(request: Caller, body: RawBody, maintenance: TheMaintenance, audit: TheAudit) -> SweepAnswer:
    apply = _apply(body)
    unheld, unpacked = await maintenance.sweep.due()
    if apply:
        await note(request, audit, "maintenance.sweep", "executions", unheld=unheld, unpacked=unpacked)
        await maintenance.sweep.sweep()
    return SweepAnswer(apply, unheld, unpacked)


@post(
    "/api/admin/maintenance/retention",
    status_code=200,
    summary="What has been kept long enough; remove it with `apply`",
    operation_class=json_body(ApplyBody),
    guards=GUARDS,
)
async def run_retention(
    request: Caller, body: RawBody, maintenance: TheMaintenance, audit: TheAudit
) -> RetentionAnswer:
    """Waits at most 10 seconds; what takes longer goes on in the background."""
    apply = _apply(body)
    due = await maintenance.due()
    removed = None
    if apply:
        await note(request, audit, "maintenance.retention", "executions")
        removed = await maintenance.retain()
    return RetentionAnswer(apply, _counts(due), _counts(removed) if removed is not None else None)


def _apply(body: bytes) -> bool:
    if not body:
        return False
    reader = object_in(body)
    apply = reader.flag("apply")
    finished(reader)
    return apply


def _counts(due: Due) -> Counts:
    return Counts(due.contents, due.records, due.audit)


ROUTES = (run_sweep, run_retention)
