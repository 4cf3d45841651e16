"""People, assistants and their versions, executions with attempts and events, audit."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ENDED_BY = ("engine", "user", "admin", "disconnect", "timeout", "shutdown", "sweep")
LIVE = sa.text("status IN ('pending', 'running')")
UNCOMPACTED = sa.text("NOT compacted")
ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Children first.
TABLES = (
    "audit",
    "event_timelines",
    "events",
    "prompt_results",
    "executions",
    "assistant_versions",
    "assistants",
    "api_keys",
    "sign_in_links",
    "web_sessions",
    "users",
)

#: What may still change once an execution has ended is how it is stored, not what it says.
GUARDS = {
    "tr_executions_terminal": """
        BEFORE UPDATE OF id, principal_id, assistant_id, version_id, status, epoch, claims, owner, lease_until_ms,
            cancel_requested, on_disconnect, ended_by, code, message, input_tokens, output_tokens, total_tokens,
            reasoning_tokens, cached_input_tokens, usage_source, duration_ms, created_ms, started_ms, finished_ms,
            inputs
        ON executions WHEN OLD.status NOT IN ('pending', 'running')
        BEGIN SELECT RAISE(ABORT, 'a terminal execution never changes'); END
    """,
    "tr_prompt_results_terminal": """
        BEFORE UPDATE ON prompt_results WHEN OLD.status NOT IN ('pending', 'running')
        BEGIN SELECT RAISE(ABORT, 'an ended attempt never changes'); END
    """,
    "tr_events_immutable": """
        BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'an event never changes'); END
    """,
    "tr_assistant_versions_immutable": """
        BEFORE UPDATE ON assistant_versions BEGIN SELECT RAISE(ABORT, 'a version never changes'); END
    """,
}


def upgrade() -> None:
    _people()
    _assistants()
    _executions()
    _attempts()
    _events()
    _audit()
    if op.get_bind().dialect.name == "sqlite":
        for name, body in GUARDS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.LargeBinary, nullable=False),
        _one_of("role", "user", "author", "admin", nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("disabled", sa.Boolean, nullable=False),
        _ms("created_ms", nullable=False),
    )
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        _of_user(),
        _ms("created_ms", nullable=False),
        _ms("expires_ms", nullable=False, index=True),
        _ms("last_seen_ms", nullable=False),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        _of_user(),
        _ms("created_ms", nullable=False),
        _ms("expires_ms", nullable=False, index=True),
        _ms("used_ms"),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        _of_user(),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("scopes", sa.LargeBinary, nullable=False),
        _ms("created_ms", nullable=False),
        _ms("expires_ms"),
        _ms("revoked_ms"),
        _ms("last_used_ms"),
    )


def _assistants() -> None:
    op.create_table(
        "assistants",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("slug", sa.Text, nullable=False, unique=True),
        sa.Column("owner_id", sa.Text, sa.ForeignKey("users.id"), nullable=False, index=True),
        _one_of("status", "draft", "pending_approval", "approved", "rejected", "disabled", nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("reject_reason", sa.LargeBinary),
        _ms("created_ms", nullable=False),
        _ms("updated_ms", nullable=False),
    )
    op.create_table(
        "assistant_versions",
        sa.Column("id", sa.Text, primary_key=True),
        _child_of("assistants.id", "assistant_id", sa.Text()),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=False),
        sa.Column("description", sa.LargeBinary, nullable=False),
        sa.Column("created_by", sa.Text, sa.ForeignKey("users.id"), nullable=False, index=True),
        _ms("created_ms", nullable=False),
        sa.Column("definition", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("assistant_id", "number"),
    )


def _executions() -> None:
    op.create_table(
        "executions",
        sa.Column("key", ROW_KEY, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("principal_id", sa.Text, sa.ForeignKey("users.id"), nullable=False),
        _child_of("assistants.id", "assistant_id", sa.Text()),
        _child_of("assistant_versions.id", "version_id", sa.Text(), index=True),
        _one_of("status", "pending", "running", "completed", "failed", "cancelled", "timed_out", nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text),
        _ms("lease_until_ms"),
        _one_of("cancel_requested", *ENDED_BY),
        sa.Column("on_disconnect", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.LargeBinary),
        sa.Column("request_hash", sa.LargeBinary),
        _one_of("ended_by", *ENDED_BY),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.LargeBinary),
        *_usage(),
        _ms("duration_ms"),
        _ms("created_ms", nullable=False),
        _ms("started_ms"),
        _ms("finished_ms"),
        sa.Column("compacted", sa.Boolean, nullable=False),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("principal_id", "idempotency_key"),
        sqlite_autoincrement=True,
    )
    for first in (["principal_id"], ["assistant_id"], []):
        columns = [*first, "created_ms", "id"]
        op.create_index(f"ix_executions_{'_'.join(columns)}", "executions", columns)
    _partial_index("ix_executions_live", ["created_ms"], LIVE)
    _partial_index("ix_executions_live_principal_id", ["principal_id"], LIVE)
    _partial_index("ix_executions_uncompacted", ["key"], UNCOMPACTED)


def _attempts() -> None:
    op.create_table(
        "prompt_results",
        _of_execution(),
        sa.Column("prompt_id", sa.Text, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True),
        _one_of(
            "status",
            *("pending", "running", "completed", "failed", "cancelled", "timed_out", "skipped"),
            nullable=False,
        ),
        sa.Column("model", sa.Text),
        sa.Column("provider", sa.Text),
        _one_of("finish_reason", "stop", "length", "content_filter", "tool_calls", "other"),
        *_usage(),
        _ms("started_ms"),
        _ms("first_token_ms"),
        _ms("duration_ms"),
        sa.Column("code", sa.Text),
        sa.Column("message", sa.LargeBinary),
        sa.Column("messages", sa.LargeBinary, nullable=False),
        sa.Column("output", sa.LargeBinary, nullable=False),
        sa.Column("reasoning", sa.LargeBinary, nullable=False),
    )


def _events() -> None:
    op.create_table(
        "events",
        _of_execution(),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("code", sa.SmallInteger, nullable=False),
        _ms("at_ms", nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_timelines",
        _of_execution(),
        sa.Column("prompt", sa.Integer, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True),
        sa.Column("code", sa.SmallInteger, primary_key=True),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.Column("text", sa.LargeBinary),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_KEY, primary_key=True),
        _ms("at_ms", nullable=False),
        sa.Column("actor_id", sa.Text, sa.ForeignKey("users.id", ondelete="SET NULL"), index=True),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.Text),
        sqlite_autoincrement=True,
    )


def _ms(name: str, *, nullable: bool = True, index: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, index=index)


def _one_of(name: str, *values: str, nullable: bool = True) -> sa.Column[str]:
    kind = sa.Enum(*values, native_enum=False, create_constraint=True, length=32, name=name)
    return sa.Column(name, kind, nullable=nullable)


def _usage() -> list[sa.Column[int] | sa.Column[str]]:
    counts = ("input_tokens", "output_tokens", "total_tokens", "reasoning_tokens", "cached_input_tokens")
    return [*(sa.Column(name, sa.BigInteger) for name in counts), _one_of("usage_source", "provider", "estimated")]


def _child_of(parent: str, name: str, kind: sa.types.TypeEngine[str], *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, kind, sa.ForeignKey(parent, ondelete="CASCADE"), nullable=False, index=index)


def _of_user() -> sa.Column[str]:
    return _child_of("users.id", "user_id", sa.Text(), index=True)


def _of_execution() -> sa.Column[int]:
    parent = sa.ForeignKey("executions.key", ondelete="CASCADE")
    return sa.Column("execution_key", ROW_KEY, parent, primary_key=True)


def _partial_index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "executions", columns, sqlite_where=where, postgresql_where=where)
