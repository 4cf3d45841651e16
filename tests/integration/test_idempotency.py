"""A key makes a start safe to repeat: for its owner, for this request, for a day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.db.records import UserRole
from tests.support.invariants.watched_service import watched_service
from tests.support.service import Person, Service
from tests.support.shifted_clock import ShiftedClock

HOUR = 3600.0


async def start(service: Service, person: Person, assistant_id: str, topic: str) -> tuple[int, dict[str, Any]]:
    """Start with always the same key; wait for the end if there is one to wait for."""
    body = {"assistantId": assistant_id, "inputs": {"topic": topic}}
    headers = {**person.headers, "Idempotency-Key": "monday's report"}
    answer = await service.client.post("/api/executions", json=body, headers=headers)
    told: dict[str, Any] = answer.json()
    if answer.status_code == 202:
        await service.client.get(told["eventsUrl"], headers=person.headers)
    return answer.status_code, told


async def test_a_key_belongs_to_its_user(tmp_path: Path) -> None:
    async with watched_service(tmp_path) as service:
        ada, bob = await service.person(UserRole.USER), await service.person(UserRole.USER)
        assistant = (await service.assistant(ada)).id
        _, hers = await start(service, ada, assistant, "the sea")
        _, his = await start(service, bob, assistant, "the sea")
        other, _ = await start(service, bob, assistant, "the mountains")
        assert hers["id"] != his["id"]
        assert other == 422
        for person, own, foreign in ((ada, hers, his), (bob, his, hers)):
            listed = (await service.client.get("/api/executions", headers=person.headers)).json()["items"]
            assert [one["id"] for one in listed] == [own["id"]]
            refused = await service.client.get(foreign["eventsUrl"], headers=person.headers)
            assert refused.status_code == 404


async def test_a_key_means_the_same_run_for_a_day_and_then_a_new_one(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with watched_service(tmp_path, clock=clock) as service:
        ada = await service.person()
        assistant = (await service.assistant(ada)).id
        _, first = await start(service, ada, assistant, "the sea")
        clock.advance(23.9 * HOUR)
        assert (await start(service, ada, assistant, "the sea"))[1]["id"] == first["id"]
        assert (await start(service, ada, assistant, "the mountains"))[0] == 422
        clock.advance(0.2 * HOUR)
        status, second = await start(service, ada, assistant, "the mountains")
        assert (status, second["id"] != first["id"]) == (202, True)
        assert (await start(service, ada, assistant, "the mountains"))[1]["id"] == second["id"]
        assert (await start(service, ada, assistant, "the sea"))[0] == 422
