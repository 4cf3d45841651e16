"""What PgQueuer's tables, types and channel are called."""

from __future__ import annotations

from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel


def object_names() -> DBSettings:
    """Every name given here: PgQueuer would else take them from variables as common as `CHANNEL` and `FUNCTION`."""
    return DBSettings(
        prefix="",
        db_schema=None,
        channel=Channel("ch_pgqueuer"),
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.durable,
        widen_id=True,
    )
