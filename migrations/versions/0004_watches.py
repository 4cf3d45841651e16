"""Nodes that live, and what is watched on them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ROW_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "watches",
        sa.Column("execution_key", ROW_KEY, sa.ForeignKey("executions.key", ondelete="CASCADE"), primary_key=True),
        sa.Column("node_id", sa.Text, sa.ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True, index=True),
        sa.Column("gone", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("watches")
    op.drop_table("nodes")
