"""PostgreSQL goes away and comes back under load: the API says so at once, and every execution ends."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.support.chaos import chain, crowd, dice, say, sized
from tests.support.cluster import running_cluster
from tests.support.invariants.stored import broken_invariants
from tests.support.postgres import PostgresDatabases
from tests.support.postgres_server import PostgresServer
from tests.support.stream_client import StreamClient

WORDS = " ".join(f"word{number}" for number in range(30))
OUTAGES = sized(2, 12)
EXECUTIONS = sized(8, 50)
PAUSES = sized((1.0, 2.0), (5.0, 20.0))
LONGEST_AWAY_SECONDS = sized(1.5, 5.0)
ANSWER_SECONDS = 5.0


class Caller:
    """Asks all the time; `statuses` are what it was answered, `slowest` is in seconds."""

    def __init__(self, client: StreamClient) -> None:
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self._client = client

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await self._ask(f"{self._client.base_url}/api/executions")
            self.slowest = max(self.slowest, loop.time() - began)
            await asyncio.sleep(0.02)

    async def _ask(self, url: str) -> None:
        limit = aiohttp.ClientTimeout(total=2 * ANSWER_SECONDS)
        async with self._client.session.get(url, headers=self._client.headers, timeout=limit) as answer:
            self.statuses[answer.status] += 1
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
                assert (await answer.json())["code"] == "storage_unavailable"


@pytest.mark.timeout(sized(120, 900))
async def test_executions_end_and_requests_are_answered_while_it_goes_and_comes(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    rng = dice()
    databases = PostgresDatabases(postgres_server.url("postgres"))
    with databases.migrated() as url:
        async with running_cluster(url, tmp_path) as cluster, crowd() as session:
            for name in ("worker-one", "worker-two"):
                await cluster.start_here(name, works=True, max_takeovers="1000")
            web = await cluster.start_here("web", works=False)
            ada = await web.person()
            client = StreamClient(session, str(web.client.base_url), ada.key)
            assistant = await client.create_assistant(chain(sized(4, 20), WORDS, 100))
            runs = [await client.start(assistant, {}) for _ in range(EXECUTIONS)]
            following = [asyncio.ensure_future(client.follow(run)) for run in runs]
            caller = Caller(client)
            calling = asyncio.ensure_future(caller.run())
            for _ in range(OUTAGES):
                await asyncio.sleep(rng.uniform(*PAUSES))
                how = rng.choice((signal.SIGINT, signal.SIGQUIT))
                await asyncio.to_thread(postgres_server.stop, how)
                await asyncio.sleep(rng.uniform(0.3, LONGEST_AWAY_SECONDS))
                await asyncio.to_thread(postgres_server.start)
            await asyncio.gather(*following)
            calling.cancel()
            say(f"answers: {dict(caller.statuses)}, slowest {caller.slowest:.2f} s")
            assert set(caller.statuses) == {200, 503}
            assert caller.slowest < ANSWER_SECONDS
            for run in runs:
                assert run.events[-1]["status"] == "completed", run.events[-1]
                assert run.problems() == []
            assert await broken_invariants(url) == []
    databases.close()
