"""When an execution's contents were removed, and an index of those that still have theirs."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_executions_with_contents"
WITH_CONTENTS = sa.text("contents_removed_ms IS NULL")


def upgrade() -> None:
    op.add_column("executions", sa.Column("contents_removed_ms", sa.BigInteger))
    op.create_index(INDEX, "executions", ["finished_ms"], sqlite_where=WITH_CONTENTS, postgresql_where=WITH_CONTENTS)


def downgrade() -> None:
    op.drop_index(INDEX, "executions")
    op.drop_column("executions", "contents_removed_ms")
