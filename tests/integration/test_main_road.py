"""From a POST to the last event, and back again: the way every user goes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.support.invariants.watched_service import watched_service
from tests.support.service import events_in, text_of
from tests.support.shifted_clock import ShiftedClock


async def test_a_post_streams_an_execution_from_its_first_event_to_its_last(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as service:
        ada = await service.person()
        assistant = await service.assistant(ada)
        body = {"toolId": assistant.slug, "inputs": {"topic": "the sea"}}
        answer = await service.client.post("/api/assistant-architect/stream", json=body, headers=ada.headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["location"] == f"/api/executions/{answer.headers['x-execution-id']}"
        events = events_in(answer.content)
        assert [event.id for event in events] == [str(number + 1) for number in range(len(events))]
        assert (events[0].type, events[-1].type) == ("execution.queued", "execution.finished")
        assert events[-1].data["status"] == "completed"
        assert text_of(events) == "Say the sea"
        last_step, end = (datetime.fromisoformat(event.data["at"]) for event in events[-2:])
        assert (events[-2].type, (end - last_step).total_seconds() <= 0.2) == ("prompt.finished", True)


async def test_whoever_comes_back_next_week_gets_exactly_what_is_missing_and_then_204(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with watched_service(tmp_path, clock=clock) as service:
        ada = await service.person()
        execution = await service.run(ada, await service.assistant(ada), topic="the sea")
        url = f"/api/executions/{execution}/events"
        whole = events_in((await service.client.get(url, headers=ada.headers)).content)
        last = len(whole)
        clock.advance(7 * 24 * 3600)
        for seen in range(last):
            rest = await service.client.get(url, headers={**ada.headers, "Last-Event-ID": str(seen)})
            assert events_in(rest.content) == whole[seen:]
        done = await service.client.get(url, headers={**ada.headers, "Last-Event-ID": str(last)})
        assert (done.status_code, done.content) == (204, b"")
