"""A server that stops in the middle of a run, and the one that comes after it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.invariants.watched_service import watched_service
from tests.support.service import Event, Person, Service, echo, events_in, running_service, text_of

WORDS = "one two three four five six seven eight nine ten eleven twelve"


async def start(service: Service, person: Person, assistant_id: str) -> str:
    body = {"assistantId": assistant_id, "inputs": {"topic": "end"}}
    answer = await service.client.post("/api/executions", json=body, headers=person.headers)
    return str(answer.json()["eventsUrl"])


async def watch_until_cut(service: Service, person: Person, url: str, started: asyncio.Event) -> list[Event]:
    """Everything one connection brings; `started` is set at its first delta."""
    body = b""
    async with service.client.stream("GET", url, headers=person.headers) as answer:
        async for part in answer.aiter_raw():
            body += part
            if b"event: prompt.delta" in body:
                started.set()
    return events_in(body)


async def test_a_stop_tells_viewers_to_come_back_and_the_next_server_finishes_the_run(tmp_path: Path) -> None:
    async with running_service(tmp_path, drain_seconds="0.3") as first:
        ada = await first.person()
        assistant = await first.assistant(ada, echo(content=WORDS, model="scripted/slow-300"))
        url, started = await start(first, ada, assistant.id), asyncio.Event()
        watching = asyncio.get_running_loop().create_task(watch_until_cut(first, ada, url, started))
        await started.wait()
        await first.server.stop()
        seen = await watching
    assert seen[-1].type == "server.draining"
    assert seen[-1].data["retryMs"] > 0
    numbered = [event for event in seen if event.type != "server.draining"]
    async with watched_service(tmp_path, again=True) as second:
        headers = {**ada.headers, "Last-Event-ID": numbered[-1].id}
        rest = events_in((await second.client.get(url, headers=headers)).content)
        whole = events_in((await second.client.get(url, headers=ada.headers)).content)
    assert [event.id for event in (*numbered, *rest)] == [str(number + 1) for number in range(len(whole))]
    assert text_of([*numbered, *rest]) == text_of(whole) == WORDS
    assert rest[-1].data["status"] == "completed"
    assert "prompt.retrying" in {event.type for event in rest}


async def test_a_stopping_server_starts_nothing_new(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as service:
        ada = await service.person()
        assistant = await service.assistant(ada)
        await service.node.drain()
        body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
        answer = await service.client.post("/api/executions", json=body, headers=ada.headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "server_draining")
        assert int(answer.headers["retry-after"]) >= 1


async def test_a_page_that_is_reloaded_in_the_middle_shows_all_text_once(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as service:
        ada = await service.person()
        assistant = await service.assistant(ada, echo(content=WORDS, model="scripted/slow-50"))
        url = await start(service, ada, assistant.id)
        async with service.client.stream("GET", url, headers=ada.headers) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: prompt.delta"):
                    break
        reloaded = events_in((await service.client.get(url, headers=ada.headers)).content)
        assert text_of(reloaded) == WORDS
        assert reloaded[-1].data["status"] == "completed"
