"""The whole service on PostgreSQL, and PostgreSQL going away under it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from lib.streaming.types import ExecutionId
from tests.support.invariants.watched_service import watched_service
from tests.support.postgres_server import PostgresServer
from tests.support.service import echo, events_in, text_of

WORDS = "one two three four five six seven eight nine ten eleven twelve"


async def test_an_execution_streams_from_its_first_event_to_its_last_and_is_read_again(
    tmp_path: Path, postgres_url: str
) -> None:
    async with watched_service(tmp_path, database_url=postgres_url) as service:
        ada = await service.person()
        execution = await service.run(ada, await service.assistant(ada), topic="the sea")
        url = f"/api/executions/{execution}/events"
        whole = events_in((await service.client.get(url, headers=ada.headers)).content)
        assert [event.id for event in whole] == [str(number + 1) for number in range(len(whole))]
        assert whole[-1].data["status"] == "completed"
        assert text_of(whole) == "Say the sea"
        await service.storage.execution_store.compact(ExecutionId(execution))
        assert events_in((await service.client.get(url, headers=ada.headers)).content) == whole
        record = (await service.client.get(f"/api/executions/{execution}", headers=ada.headers)).json()
        assert record["status"] == "completed"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restart", "crash"])
async def test_a_run_survives_a_restart_of_the_database_and_its_viewer_misses_nothing(
    tmp_path: Path, own_postgres_url: str, postgres_server: PostgresServer, how: signal.Signals
) -> None:
    async with watched_service(tmp_path, database_url=own_postgres_url) as service:
        ada = await service.person()
        assistant = await service.assistant(ada, echo(content=WORDS, model="scripted/slow-100"))
        body = {"toolId": assistant.id, "inputs": {"topic": "x"}}
        seen, broken = b"", False
        async with service.client.stream(
            "POST", "/api/assistant-architect/stream", json=body, headers=ada.headers
        ) as answer:
            async for part in answer.aiter_raw():
                seen += part
                if seen.count(b"event: prompt.delta") >= 3 and not broken:
                    broken = True
                    await asyncio.to_thread(postgres_server.stop, how)
                    await asyncio.to_thread(postgres_server.start)
        url = f"/api/executions/{answer.headers['x-execution-id']}/events"
        whole = events_in((await service.client.get(url, headers=ada.headers)).content)
        assert events_in(seen) == whole
        assert [event.id for event in whole] == [str(number + 1) for number in range(len(whole))]
        assert whole[-1].data["status"] == "completed"
        assert text_of(whole) == WORDS


async def test_while_the_database_is_away_the_server_says_so_and_works_again_after(
    tmp_path: Path, own_postgres_url: str, postgres_server: PostgresServer
) -> None:
    async with watched_service(tmp_path, database_url=own_postgres_url) as service:
        ada = await service.person()
        assistant = await service.assistant(ada)
        body = {"assistantId": assistant.id, "inputs": {"topic": "x"}}
        assert (await service.client.get("/readyz")).status_code == 200
        await asyncio.to_thread(postgres_server.stop)
        assert (await service.client.get("/readyz")).status_code == 503
        refused = await service.client.post("/api/executions", json=body, headers=ada.headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_unavailable")
        assert "retry-after" in refused.headers
        await asyncio.to_thread(postgres_server.start)
        assert (await service.client.get("/readyz")).status_code == 200
        await service.run(ada, assistant, topic="x")


async def test_executions_run_with_a_pool_of_one_connection(tmp_path: Path, postgres_url: str) -> None:
    """Whoever asked for a second connection while holding one would wait here for itself."""
    async with watched_service(tmp_path, database_url=postgres_url, postgres_pool_size="1") as service:
        ada = await service.person()
        assistant = await service.assistant(ada, echo(content=WORDS))
        body = {"toolId": assistant.id, "inputs": {"topic": "x"}}
        answers = await asyncio.gather(
            *(service.client.post("/api/assistant-architect/stream", json=body, headers=ada.headers) for _ in range(8))
        )
        for answer in answers:
            assert events_in(answer.content)[-1].data["status"] == "completed"
            record = await service.client.get(answer.headers["location"], headers=ada.headers)
            assert record.json()["prompts"][0]["attempts"][0]["output"] == WORDS
