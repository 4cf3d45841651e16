"""An execution whose contents are gone, as a client sees it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from app.retention import EVERY_SECONDS, Ages, Retention
from tests.support.fake_clock import FakeClock, settle
from tests.support.service import echo, events_in, running_service


async def test_the_record_says_when_and_the_events_are_gone(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        person = await service.person()
        assistant = await service.assistant(person, echo())
        execution = await service.run(person, assistant, topic="rain")
        url = f"/api/executions/{execution}"
        before = (await service.client.get(url, headers=person.headers)).json()
        events = events_in((await service.client.get(f"{url}/events", headers=person.headers)).content)
        assert before["contentsRemovedAt"] is None
        assert before["prompts"][0]["attempts"][0]["output"]
        assert await service.storage.retention.remove_contents(-1000, 10) == 1
        after = (await service.client.get(url, headers=person.headers)).json()
        assert after["contentsRemovedAt"] >= after["finishedAt"]
        emptied = {"contentsRemovedAt", "inputs", "prompts"}
        assert {name: after[name] for name in after if name not in emptied} == {
            name: before[name] for name in before if name not in emptied
        }
        assert after["inputs"] == {}
        attempt = after["prompts"][0]["attempts"][0]
        assert (attempt["messages"], attempt["output"], attempt["reasoning"]) == ([], "", "")
        assert attempt["status"] == "completed"
        gone = await service.client.get(f"{url}/events", headers=person.headers)
        assert (gone.status_code, gone.json()["code"]) == (410, "contents_removed")
        done = {**person.headers, "Last-Event-ID": events[-1].id}
        assert (await service.client.get(f"{url}/events", headers=done)).status_code == 204
        listed = (await service.client.get("/api/executions", headers=person.headers)).json()["items"]
        assert [item["id"] for item in listed] == [execution]
        assert (await service.client.post(f"{url}/cancel", headers=person.headers)).json()["outcome"] == (
            "already_finished"
        )
        assert (await service.client.delete(url, headers=person.headers)).status_code == 204


async def test_a_server_that_keeps_nothing_for_ever_removes_in_the_background(tmp_path: Path) -> None:
    async with running_service(tmp_path, retention_content_days="1") as service:
        assert "retention" in {task.get_name() for task in service.node.supervisor._tasks}
        person = await service.person()
        execution = await service.run(person, await service.assistant(person, echo()), topic="rain")
        clock = FakeClock()
        job = Retention(service.storage, clock, Ages(contents=-1000), random.Random(1))
        service.node.supervisor.keep("retention-of-the-test", job.keep_running)
        await settle()

        async def removed_at() -> str | None:
            answer = await service.client.get(f"/api/executions/{execution}", headers=person.headers)
            at: str | None = answer.json()["contentsRemovedAt"]
            return at

        assert await removed_at() is None
        await clock.advance(EVERY_SECONDS[1])
        async with asyncio.timeout(10):
            while await removed_at() is None:
                pass


async def test_nothing_is_removed_where_no_setting_says_so(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        assert "retention" not in {task.get_name() for task in service.node.supervisor._tasks}
