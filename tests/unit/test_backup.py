"""The copy that the operations guide makes of a running SQLite database is a whole database."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.support.service import echo, running_service

GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_a_copy_made_while_executions_run_holds_every_finished_one(tmp_path: Path) -> None:
    told = re.search(r"python3 -c '([^']*)'", GUIDE.read_text())
    assert told is not None
    copy = tmp_path / "restored"
    copy.mkdir()
    async with running_service(tmp_path) as service:
        person = await service.person()
        assistant = await service.assistant(person, echo())
        finished = [await service.run(person, assistant, topic=str(index)) for index in range(5)]
        under_way = asyncio.gather(*(service.run(person, assistant, topic="later") for _ in range(20)))
        command = [sys.executable, "-c", told[1], str(tmp_path / "test.db"), str(copy / "test.db")]
        await asyncio.to_thread(subprocess.run, command, check=True)
        await under_way
    async with running_service(copy, again=True) as restored:
        for execution in finished:
            answer = await restored.client.get(f"/api/executions/{execution}", headers=person.headers)
            assert answer.json()["status"] == "completed"
        assert (await restored.client.get("/readyz")).status_code == 200
