"""The schema as data. Migrations make it; a test holds the two against each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.db.column_types import Json, RowKey, Utf8Text, one_of
from app.db.records import AssistantStatus, Feedback, UserRole
from lib.streaming.types import (
    EndedBy,
    ExecutionStatus,
    FinishReason,
    Message,
    PromptStatus,
    UsageSource,
    Value,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _json_object() -> Json[dict[str, Value]]:
    return Json(dict)


users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Utf8Text, nullable=False),
    Column("role", one_of(UserRole, "role"), nullable=False),
    Column("password_hash", Text),
    Column("disabled", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
    Column("last_seen_ms", BigInteger, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False, index=True),
    Column("used_ms", BigInteger),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", Utf8Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("last_four", Text, nullable=False),
    Column("scopes", Json(tuple[str, ...]), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("last_used_ms", BigInteger),
    Index("ix_api_keys_created_ms_key_id", "created_ms", "key_id"),
)

assistants = Table(
    "assistants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slug", Text, nullable=False, unique=True),
    Column("owner_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("status", one_of(AssistantStatus, "status"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("reject_reason", Utf8Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("ix_assistants_status_created_ms_id", "status", "created_ms", "id"),
)

assistant_versions = Table(
    "assistant_versions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("assistant_id", ForeignKey("assistants.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", Utf8Text, nullable=False),
    Column("description", Utf8Text, nullable=False),
    Column("created_by", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("definition", LargeBinary, nullable=False),
    UniqueConstraint("assistant_id", "number"),
)


def _usage() -> list[Column[int] | Column[UsageSource]]:
    return [
        Column("input_tokens", BigInteger),
        Column("output_tokens", BigInteger),
        Column("total_tokens", BigInteger),
        Column("reasoning_tokens", BigInteger),
        Column("cached_input_tokens", BigInteger),
        Column("usage_source", one_of(UsageSource, "usage_source")),
    ]


#: Rows somebody owns or should own. In words, because an index is only used where the query says the same words.
LIVE = text("status IN ('pending', 'running')")
ENDED = text("status NOT IN ('pending', 'running')")
UNCOMPACTED = text("NOT compacted")
UNUSUAL = text("status IN ('failed', 'cancelled', 'timed_out')")
CODED = text("code IS NOT NULL")
TIMED = text("duration_ms IS NOT NULL")
PAID = text("cost_nano > 0")
WITH_CONTENTS = text("contents_removed_ms IS NULL")

executions = Table(
    "executions",
    metadata,
    Column("key", RowKey, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("principal_id", ForeignKey("users.id"), nullable=False),
    Column("assistant_id", ForeignKey("assistants.id", ondelete="CASCADE"), nullable=False),
    Column("version_id", ForeignKey("assistant_versions.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("status", one_of(ExecutionStatus, "status"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until_ms", BigInteger),
    Column("cancel_requested", one_of(EndedBy, "cancel_requested")),
    Column("on_disconnect", Text, nullable=False),
    Column("idempotency_key", Utf8Text),
    Column("request_hash", LargeBinary),
    Column("ended_by", one_of(EndedBy, "ended_by")),
    Column("code", Text),
    Column("message", Utf8Text),
    *_usage(),
    Column("duration_ms", BigInteger),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("compacted", Boolean, nullable=False),
    # Last, so that the narrow columns before it can be read and renewed without touching it.
    Column("inputs", _json_object(), nullable=False),
    Column("contents_removed_ms", BigInteger),
    # An id and no reference: it says where a run came from, also when that record is gone.
    Column("rerun_of", Text),
    # Billionths of a US dollar; null where it is not known.
    Column("cost_nano", BigInteger),
    UniqueConstraint("principal_id", "idempotency_key"),
    Index("ix_executions_principal_id_created_ms_id", "principal_id", "created_ms", "id"),
    Index("ix_executions_assistant_id_created_ms_id", "assistant_id", "created_ms", "id"),
    Index("ix_executions_created_ms_id", "created_ms", "id"),
    Index(*("ix_executions_unusual", "status", "created_ms", "id"), sqlite_where=UNUSUAL, postgresql_where=UNUSUAL),
    Index("ix_executions_code", "code", "created_ms", "id", sqlite_where=CODED, postgresql_where=CODED),
    Index("ix_executions_duration", "duration_ms", "id", sqlite_where=TIMED, postgresql_where=TIMED),
    Index("ix_executions_cost", "cost_nano", "id", sqlite_where=PAID, postgresql_where=PAID),
    Index("ix_executions_live", "created_ms", sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_executions_live_principal_id", "principal_id", sqlite_where=LIVE, postgresql_where=LIVE),
    Index("ix_executions_uncompacted", "key", sqlite_where=UNCOMPACTED, postgresql_where=UNCOMPACTED),
    Index("ix_executions_with_contents", "finished_ms", sqlite_where=WITH_CONTENTS, postgresql_where=WITH_CONTENTS),
    # A key is never given twice: what a reader cached under it stays true.
    sqlite_autoincrement=True,
)

prompt_results = Table(
    "prompt_results",
    metadata,
    Column("execution_key", ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
    Column("prompt_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("status", one_of(PromptStatus, "status"), nullable=False),
    Column("model", Text),
    Column("provider", Text),
    Column("finish_reason", one_of(FinishReason, "finish_reason")),
    *_usage(),
    Column("started_ms", BigInteger),
    Column("first_token_ms", BigInteger),
    Column("duration_ms", BigInteger),
    Column("code", Text),
    Column("message", Utf8Text),
    Column("messages", Json(tuple[Message, ...]), nullable=False),
    Column("output", Utf8Text, nullable=False),
    Column("reasoning", Utf8Text, nullable=False),
    # The execution this result was taken over from; no model was asked for it here.
    Column("kept_from", Text),
    Column("cost_nano", BigInteger),
)

#: Billionths of a US dollar for a million tokens.
model_prices = Table(
    "model_prices",
    metadata,
    Column("model", Text, primary_key=True),
    Column("input_nano", BigInteger, nullable=False),
    # Null where cached tokens cost what others do.
    Column("cached_input_nano", BigInteger),
    Column("output_nano", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

prompt_feedback = Table(
    "prompt_feedback",
    metadata,
    Column("execution_key", ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
    Column("prompt_id", Text, primary_key=True),
    Column("value", one_of(Feedback, "value"), nullable=False),
    Column("given_ms", BigInteger, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("execution_key", ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("code", SmallInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

event_timelines = Table(
    "event_timelines",
    metadata,
    Column("execution_key", ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
    Column("prompt", Integer, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("code", SmallInteger, primary_key=True),
    Column("last_seq", Integer, nullable=False),
    Column("packed", LargeBinary, nullable=False),
    # Only where the prompt result does not hold this very text.
    Column("text", LargeBinary),
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("lease_until_ms", BigInteger, nullable=False),
)

watches = Table(
    "watches",
    metadata,
    Column("execution_key", ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
    Column("node_id", ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True),
    # Stays when the last viewer there has left: without any row an execution was never watched.
    Column("gone", Boolean, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowKey, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor_id", ForeignKey("users.id", ondelete="SET NULL")),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("details", _json_object(), nullable=False),
    Column("request_id", Text),
    Index("ix_audit_at_ms_id", "at_ms", "id"),
    *(Index(f"ix_audit_{name}_at_ms_id", name, "at_ms", "id") for name in ("actor_id", "action", "target")),
    sqlite_autoincrement=True,
)
