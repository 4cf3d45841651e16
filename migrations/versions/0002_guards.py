"""The database's own clock and guards on PostgreSQL; an ended execution takes no more events; contents can be emptied.

The guards of both databases say the same: how an execution or an attempt ended never changes. What people and models
wrote in it may be emptied later, what is packed may be packed, and whole executions may be deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

USAGE = "input_tokens, output_tokens, total_tokens, reasoning_tokens, cached_input_tokens, usage_source"
EXECUTION = (
    "id, principal_id, assistant_id, version_id, status, epoch, claims, owner, lease_until_ms, cancel_requested,"
    f" on_disconnect, ended_by, code, {USAGE}, duration_ms, created_ms, started_ms, finished_ms"
)
ATTEMPT = (
    "execution_key, prompt_id, attempt, status, model, provider, finish_reason,"
    f" {USAGE}, started_ms, first_token_ms, duration_ms, code"
)
ENDED = "OLD.status NOT IN ('pending', 'running')"

#: What happens, on which rows, and why not.
GUARDS = {
    "tr_executions_terminal": (f"UPDATE OF {EXECUTION} ON executions", ENDED, "a terminal execution never changes"),
    "tr_prompt_results_terminal": (f"UPDATE OF {ATTEMPT} ON prompt_results", ENDED, "an ended attempt never changes"),
    "tr_events_immutable": ("UPDATE ON events", "TRUE", "an event never changes"),
    "tr_assistant_versions_immutable": ("UPDATE ON assistant_versions", "TRUE", "a version never changes"),
}
LATE = "a terminal execution takes no more events"

#: As revision 0001 made them on SQLite.
FORMER = {
    "tr_executions_terminal": (
        f"UPDATE OF {EXECUTION}, message, inputs ON executions",
        ENDED,
        "a terminal execution never changes",
    ),
    "tr_prompt_results_terminal": ("UPDATE ON prompt_results", ENDED, "an ended attempt never changes"),
}

#: The time of the statement, the same in all of it, so that an index may be used to compare with.
NOW = """
    CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM statement_timestamp()) * 1000)::bigint $$
"""
REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = TG_ARGV[0]; END $$
"""
#: Once a statement: a commit writes the events of many executions.
REFUSE_LATE_EVENTS = f"""
    CREATE FUNCTION refuse_late_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (
            SELECT FROM added JOIN executions ON executions.key = added.execution_key
            WHERE executions.status NOT IN ('pending', 'running')
        ) THEN
            RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation', MESSAGE = '{LATE}';
        END IF;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in FORMER:
            op.execute(f"DROP TRIGGER {name}")
            op.execute(_on_sqlite(name, *GUARDS[name]))
        op.execute(_late_events_on_sqlite())
    else:
        for function in (NOW, REFUSE, REFUSE_LATE_EVENTS):
            op.execute(function)
        for name, guard in GUARDS.items():
            op.execute(_on_postgresql(name, *guard))
        op.execute(
            "CREATE TRIGGER tr_events_late AFTER INSERT ON events REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_events()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER tr_events_late")
        for name, guard in FORMER.items():
            op.execute(f"DROP TRIGGER {name}")
            op.execute(_on_sqlite(name, *guard))
    else:
        for name, (event, _, _) in GUARDS.items():
            op.execute(f"DROP TRIGGER {name} ON {event.rsplit(' ', 1)[1]}")
        op.execute("DROP TRIGGER tr_events_late ON events")
        for function in ("refuse_late_events", "refuse", "now_ms"):
            op.execute(f"DROP FUNCTION {function}()")


def _on_sqlite(name: str, event: str, when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {event} WHEN {when} BEGIN SELECT RAISE(ABORT, '{message}'); END"


def _late_events_on_sqlite() -> str:
    status = "(SELECT status FROM executions WHERE key = NEW.execution_key)"
    return _on_sqlite("tr_events_late", "INSERT ON events", f"{status} NOT IN ('pending', 'running')", LATE)


def _on_postgresql(name: str, event: str, when: str, message: str) -> str:
    return f"CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse('{message}')"
