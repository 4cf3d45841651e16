"""What the owner of an execution thinks of a prompt's answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.db.records import UserRole
from tests.support.service import Person, Service

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def give(
    service: Service, person: Person, execution: str, body: object, prompt: str = "answer"
) -> httpx.Response:
    url = f"/api/executions/{execution}/prompts/{prompt}/feedback"
    return await service.client.put(url, json=body, headers=person.headers)


async def feedback_in(service: Service, person: Person, execution: str) -> Any:
    record = await service.client.get(f"/api/executions/{execution}", headers=person.headers)
    return record.json()["prompts"][0]["feedback"]


async def test_the_record_shows_what_was_said_last_until_it_is_taken_back(service: Service, user: Person) -> None:
    execution = await service.run(user, await service.assistant(await service.person()), topic="rain")
    assert await feedback_in(service, user, execution) is None
    for value in ("like", "dislike", "dislike", None, None):
        answer = await give(service, user, execution, {"value": value})
        assert (answer.status_code, answer.json()) == (200, {"value": value})
        assert await feedback_in(service, user, execution) == value


async def test_nobody_but_the_owner_has_a_say(service: Service, user: Person, admin: Person) -> None:
    execution = await service.run(user, await service.assistant(admin), topic="rain")
    for other in (admin, await service.person(UserRole.USER)):
        assert (await give(service, other, execution, {"value": "like"})).status_code == 404
    assert await feedback_in(service, user, execution) is None


async def test_a_prompt_that_is_not_of_the_chain_is_not_there(service: Service, user: Person, admin: Person) -> None:
    execution = await service.run(user, await service.assistant(admin), topic="rain")
    answer = await give(service, user, execution, {"value": "like"}, "another")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_word_is_refused_with_everything_that_is_wrong(
    service: Service, user: Person, admin: Person
) -> None:
    execution = await service.run(user, await service.assistant(admin), topic="rain")
    answer = await give(service, user, execution, {"value": "love", "why": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert [error["path"] for error in answer.json()["errors"]] == ["value", "why"]


async def test_it_outlives_the_contents_and_goes_with_the_record(service: Service, user: Person, admin: Person) -> None:
    execution = await service.run(user, await service.assistant(admin), topic="rain")
    await give(service, user, execution, {"value": "like"})
    assert await service.storage.retention.remove_contents(-1000, 100)
    assert await feedback_in(service, user, execution) == "like"
    assert await service.storage.retention.remove_records(-1000, 100)
    assert (await give(service, user, execution, {"value": "like"})).status_code == 404
