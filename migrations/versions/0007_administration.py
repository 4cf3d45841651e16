"""Indexes for what administrators look through: the audit by each of its filters, assistants by status, keys."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AUDIT = {
    "ix_audit_at_ms_id": ["at_ms", "id"],
    "ix_audit_actor_id_at_ms_id": ["actor_id", "at_ms", "id"],
    "ix_audit_action_at_ms_id": ["action", "at_ms", "id"],
    "ix_audit_target_at_ms_id": ["target", "at_ms", "id"],
}
BY_STATUS = "ix_assistants_status_created_ms_id"
NEWEST_KEYS = "ix_api_keys_created_ms_key_id"


def upgrade() -> None:
    for name, columns in AUDIT.items():
        op.create_index(name, "audit", columns)
    op.drop_index("ix_audit_actor_id", "audit")
    op.create_index(BY_STATUS, "assistants", ["status", "created_ms", "id"])
    op.create_index(NEWEST_KEYS, "api_keys", ["created_ms", "key_id"])


def downgrade() -> None:
    op.drop_index(NEWEST_KEYS, "api_keys")
    op.drop_index(BY_STATUS, "assistants")
    op.create_index("ix_audit_actor_id", "audit", ["actor_id"])
    for name in AUDIT:
        op.drop_index(name, "audit")
