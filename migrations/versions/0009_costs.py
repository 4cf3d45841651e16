"""What asking models costs: prices, the cost of each attempt and of each execution, and the dearest ones by an index."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ENDED = "OLD.status NOT IN ('pending', 'running')"
#: What something cost is settled with its end: the guards of revision 0002, for the columns that are new.
GUARDS = {
    "tr_executions_cost": ("executions", "a terminal execution never changes"),
    "tr_prompt_results_cost": ("prompt_results", "an ended attempt never changes"),
}
DEAREST = "ix_executions_cost"
#: What cost nothing is not looked for, so models that cost nothing pay nothing for the index.
PAID = "cost_nano > 0"


def upgrade() -> None:
    op.add_column("executions", sa.Column("cost_nano", sa.BigInteger))
    op.add_column("prompt_results", sa.Column("cost_nano", sa.BigInteger))
    op.create_table(
        "model_prices",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("input_nano", sa.BigInteger, nullable=False),
        sa.Column("cached_input_nano", sa.BigInteger),
        sa.Column("output_nano", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_model_prices")),
    )
    op.create_index(
        DEAREST, "executions", ["cost_nano", "id"], sqlite_where=sa.text(PAID), postgresql_where=sa.text(PAID)
    )
    for name, guard in GUARDS.items():
        op.execute(_guard(name, *guard))


def downgrade() -> None:
    on_table = op.get_bind().dialect.name == "postgresql"
    for name, (table, _) in GUARDS.items():
        op.execute(f"DROP TRIGGER {name} ON {table}" if on_table else f"DROP TRIGGER {name}")
    op.drop_index(DEAREST, "executions")
    op.drop_table("model_prices")
    op.drop_column("prompt_results", "cost_nano")
    op.drop_column("executions", "cost_nano")


def _guard(name: str, table: str, why: str) -> str:
    head = f"CREATE TRIGGER {name} BEFORE UPDATE OF cost_nano ON {table} FOR EACH ROW WHEN"
    if op.get_bind().dialect.name == "postgresql":
        return f"{head} ({ENDED}) EXECUTE FUNCTION refuse('{why}')"
    return f"{head} {ENDED} BEGIN SELECT RAISE(ABORT, '{why}'); END"
