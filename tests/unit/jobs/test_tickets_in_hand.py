"""Tickets between the queue and the handler."""

from __future__ import annotations

from app.jobs.tickets_in_hand import TicketsInHand
from lib.streaming.ports.job_queue import Outcome
from lib.streaming.types import ExecutionId


async def test_a_ticket_that_arrives_after_the_pause_is_given_back_untouched() -> None:
    calls: list[ExecutionId] = []

    async def handler(execution_id: ExecutionId) -> Outcome:
        calls.append(execution_id)
        return Outcome.DONE

    in_hand = TicketsInHand(handler)
    in_hand.paused = True
    assert await in_hand.work_on(ExecutionId("a")) is Outcome.GIVE_BACK
    assert calls == []
