"""What an execution runs again and which results it keeps from there; what its owner thinks of a prompt's answer."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ENDED = "OLD.status NOT IN ('pending', 'running')"
#: Where something came from is settled with it: the guards of revision 0002, for the columns that are new.
GUARDS = {
    "tr_executions_origin": ("rerun_of", "executions", "a terminal execution never changes"),
    "tr_prompt_results_origin": ("kept_from", "prompt_results", "an ended attempt never changes"),
}


def upgrade() -> None:
    op.add_column("executions", sa.Column("rerun_of", sa.Text))
    op.add_column("prompt_results", sa.Column("kept_from", sa.Text))
    op.create_table(
        "prompt_feedback",
        sa.Column("execution_key", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("prompt_id", sa.Text, nullable=False),
        sa.Column("value", sa.String(32), nullable=False),
        sa.Column("given_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("execution_key", "prompt_id", name=op.f("pk_prompt_feedback")),
        sa.ForeignKeyConstraint(
            ["execution_key"],
            ["executions.key"],
            name=op.f("fk_prompt_feedback_execution_key"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("value IN ('like', 'dislike')", name=op.f("ck_prompt_feedback_value")),
    )
    for name, guard in GUARDS.items():
        op.execute(_guard(name, *guard))


def downgrade() -> None:
    on_table = op.get_bind().dialect.name == "postgresql"
    for name, (_, table, _) in GUARDS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}" if on_table else f"DROP TRIGGER {name}")
    op.drop_table("prompt_feedback")
    op.drop_column("prompt_results", "kept_from")
    op.drop_column("executions", "rerun_of")


def _guard(name: str, column: str, table: str, why: str) -> str:
    head = f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW WHEN"
    if op.get_bind().dialect.name == "postgresql":
        return f"{head} ({ENDED}) EXECUTE FUNCTION refuse('{why}')"
    return f"{head} {ENDED} BEGIN SELECT RAISE(ABORT, '{why}'); END"
