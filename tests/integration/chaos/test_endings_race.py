"""Finish, stop, time-out and the loss of a lease at the same moment: one of them ends the execution, for good."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lib.streaming.errors import StreamingError
from lib.streaming.types import EndedBy, ExecutionId, WorkerId
from tests.support.chaos import crowd, dice, sized
from tests.support.invariants.stored import StoredExecutions
from tests.support.invariants.watched_service import watched_service
from tests.support.service import Person, Service, echo
from tests.support.stream_client import Received, StreamClient

RACES = sized(40, 200)
AT_ONCE = 10
#: When an execution ends by itself, and when its time is up: about the same moment.
WORDS = "one two three four five six"
PAUSE_MS = 60
SECONDS = 0.12
THIEF = WorkerId("00000000-0000-7000-8000-0000000000ff")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Of a service on each kind of database."""
    if request.param == "sqlite":
        return {}
    return {"database_url": request.getfixturevalue("postgres_url"), "lease_seconds": "2"}


@pytest.mark.timeout(sized(90, 600))
async def test_exactly_one_of_them_ends_it_and_nothing_changes_it_afterwards(
    settings: dict[str, Any], tmp_path: Path
) -> None:
    rng = dice()
    async with watched_service(tmp_path, max_takeovers="1000", **settings) as service, crowd() as session:
        ada = await service.person()
        client = StreamClient(session, str(service.client.base_url), ada.key)
        stored = StoredExecutions(service.node.settings.database_url)
        races = [await _prepare(service, ada, rng) for _ in range(RACES)]
        turns = asyncio.Semaphore(AT_ONCE)
        runs = await asyncio.gather(*(_race(service, client, assistant, rng, turns) for assistant in races))
        assert await stored.problems() == []
        ends = {run.events[-1]["status"] for run in runs}
        assert ends == {"completed", "cancelled", "timed_out"}, "each of them won at least once"
        for run in runs:
            answer = await service.client.post(f"/api/executions/{run.execution_id}/cancel", headers=ada.headers)
            assert answer.json()["outcome"] == "already_finished"
            assert answer.json()["status"] == run.events[-1]["status"]
            assert run.problems() == []
        await service.storage.execution_store.expire_leases()
        assert await stored.problems() == [], "an end is an end"


async def _prepare(service: Service, ada: Person, rng: random.Random) -> str:
    limit = rng.choice((None, SECONDS + rng.uniform(-0.06, 0.06)))
    definition = echo(content=WORDS, model=f"scripted/slow-{PAUSE_MS}", timeout_seconds=limit)
    return (await service.assistant(ada, definition)).id


async def _race(
    service: Service, client: StreamClient, assistant: str, rng: random.Random, turns: asyncio.Semaphore
) -> Received:
    async with turns:
        run = await client.start(assistant, {"topic": "x"}, onDisconnect="continue")
        execution_id = ExecutionId(run.execution_id)
        others = [_steal(service, execution_id, rng)] if rng.random() < 0.3 else []
        others += [_stop(service, execution_id, rng)] if rng.random() < 0.6 else []
        async with asyncio.TaskGroup() as group:
            for other in others:
                group.create_task(other)
            group.create_task(client.follow(run))
        return run


async def _stop(service: Service, execution_id: ExecutionId, rng: random.Random) -> None:
    await asyncio.sleep(SECONDS + rng.uniform(-0.06, 0.06))
    await service.node.service.cancel(execution_id, EndedBy.USER)


async def _steal(service: Service, execution_id: ExecutionId, rng: random.Random) -> None:
    """Somebody takes it and dies; the sweep finds it."""
    await asyncio.sleep(SECONDS + rng.uniform(-0.08, 0.04))
    store = service.storage.execution_store
    with suppress(StreamingError):
        await store.expire_leases()
        await store.claim(execution_id, THIEF, 0.2)
