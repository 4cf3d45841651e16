"""Indexes for what administrators look for among executions: what ended badly, by code, and what took longest."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

#: Name, columns, and the rows it holds: few, so that starts and ends hardly pay for them.
INDEXES = (
    ("ix_executions_unusual", ["status", "created_ms", "id"], "status IN ('failed', 'cancelled', 'timed_out')"),
    ("ix_executions_code", ["code", "created_ms", "id"], "code IS NOT NULL"),
    ("ix_executions_duration", ["duration_ms", "id"], "duration_ms IS NOT NULL"),
)


def upgrade() -> None:
    for name, columns, rows in INDEXES:
        op.create_index(name, "executions", columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))


def downgrade() -> None:
    for name, _, _ in reversed(INDEXES):
        op.drop_index(name, "executions")
