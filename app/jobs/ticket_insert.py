"""The statement that makes a ticket, for whoever holds the transaction that makes the execution."""

from __future__ import annotations

from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.adapters.persistence.query_helpers import normalize_enqueue_params
from pydantic_core import to_json

from app.jobs.object_names import object_names
from lib.streaming.types import ExecutionId

ENTRYPOINT = "execution"


class TicketInsert:
    """What PgQueuer's own `enqueue` sends. An execution that has a ticket already gets no second one."""

    def __init__(self) -> None:
        self.text = QueryQueueBuilder(settings=object_names()).build_enqueue_query("skip")

    def values(self, *execution_ids: ExecutionId) -> tuple[object, ...]:
        """What goes into the places `$1`, `$2`, … of the statement."""
        count = len(execution_ids)
        given = normalize_enqueue_params(
            entrypoint=[ENTRYPOINT] * count,
            payload=[id_.encode() for id_ in execution_ids],
            priority=[0] * count,
            dedupe_key=list(execution_ids),
        )
        headers = [to_json(header).decode() for header in given.headers]
        return given.priority, given.entrypoint, given.payload, given.execute_after, given.dedupe_key, headers
