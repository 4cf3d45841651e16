"""What nodes say to each other through NOTIFY besides that events moved (`channel`)."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from lib.streaming.types import ExecutionId

#: The payload is the id of an execution.
STOP_ASKED = "aa_stop_asked"
AUDIENCE_CHANGED = "aa_audience_changed"

_SAY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


class PostgresAnnouncer:
    """Implements `Announcer`."""

    def stop_asked(self, connection: Connection, execution_id: ExecutionId) -> None:
        _say(connection, STOP_ASKED, [execution_id])

    def audience_changed(self, connection: Connection, execution_ids: Collection[ExecutionId]) -> None:
        _say(connection, AUDIENCE_CHANGED, execution_ids)


def _say(connection: Connection, channel: str, payloads: Collection[str]) -> None:
    connection.exec_driver_sql(_SAY, (channel, list(payloads))).close()
