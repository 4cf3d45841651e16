"""An index for the list of executions by how long they took."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = "ix_executions_duration_ms_id"


def upgrade() -> None:
    op.create_index(NAME, "executions", ["duration_ms", "id"])


def downgrade() -> None:
    op.drop_index(NAME, "executions")
