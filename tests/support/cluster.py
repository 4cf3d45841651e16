"""Several nodes on one PostgreSQL database, each a process of its own or a service in the test's."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from app.db.postgres.plain import Connect, connector
from tests.support.invariants.fleet import Fleet, watched_together
from tests.support.invariants.observed_server import CLOCK_AHEAD
from tests.support.invariants.watched_service import observed_service
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node
from tests.support.service import Service
from tests.support.stream_client import StreamClient

_OPENED = re.compile(r"node (\S+) is open")

WEB = ("serve", "--no-worker")
WORKER = ("worker",)
BOTH = ("serve",)


class Cluster:
    """Makes nodes that are watched. `environment` holds for all that are processes."""

    def __init__(
        self, url: str, directory: Path, fleet: Fleet, here: AsyncExitStack, environment: Mapping[str, str]
    ) -> None:
        self.url = url
        self.nodes: dict[str, Node] = {}
        self.connect: Connect = connector(url, statement_seconds=5)
        self._directory = directory
        self._fleet = fleet
        self._here = here
        self._environment = {
            "AA_DATABASE_URL": url,
            "AA_SECRET_KEY": "s" * 32,
            "AA_BOOTSTRAP_API_KEY": TEST_API_KEY,
            "AA_LEASE_SECONDS": "2",
            **environment,
        }

    async def start(self, **nodes: tuple[str, ...]) -> None:
        """Start nodes by name and command, all at once; return when all are ready."""
        for name, command in nodes.items():
            self._make(name, command)
        await asyncio.gather(*(self.nodes[name].start() for name in nodes))
        await self._fleet.join(*(self.nodes[name] for name in nodes))

    async def start_ahead(self, name: str, command: tuple[str, ...], seconds: float) -> None:
        """Start a node whose clock is wrong by so much."""
        node = self._make(name, command, **{CLOCK_AHEAD: str(seconds)})
        await node.start()
        await self._fleet.join(node)

    def _make(self, name: str, command: tuple[str, ...], **more: str) -> Node:
        directory = self._directory / name
        directory.mkdir()
        node = self.nodes[name] = Node(directory, command=command, **self._environment, **more)
        node.name = f"the node {name}"
        return node

    async def start_here(self, name: str, *, works: bool, **settings: str) -> Service:
        """A service in this process; settings as for `running_service`."""
        given: dict[str, Any] = {"database_url": self.url, **settings}
        service = observed_service(self._directory / name, works=works, **given)
        subject = await self._here.enter_async_context(service)
        subject.name = f"the service {name}"
        await self._fleet.join(subject)
        return subject.service

    def client(self, session: aiohttp.ClientSession, name: str) -> StreamClient:
        """A client of one node, as the administrator."""
        return StreamClient(session, self.nodes[name].base_url, TEST_API_KEY)

    async def owner_of(self, execution_id: str) -> str:
        """The name of the node that runs an execution or ran it last; waits until one does."""
        connection: asyncpg.Connection = await self.connect()
        try:
            async with asyncio.timeout(10):
                query = "SELECT owner FROM executions WHERE id = $1"
                while (owner := await connection.fetchval(query, execution_id)) is None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            await connection.close()
        return next(name for name in self.nodes if self.opened_as(name) == owner)

    def opened_as(self, name: str) -> str:
        """What a node calls itself since it was last started."""
        return str(_OPENED.findall(self.nodes[name].log())[-1])

    def kill(self) -> None:
        for node in self.nodes.values():
            node.kill()


@asynccontextmanager
async def running_cluster(url: str, directory: Path, **environment: str) -> AsyncIterator[Cluster]:
    """Every node that was started keeps the invariants, those that were killed once they run again; then all end."""
    async with AsyncExitStack() as here, watched_together() as fleet:
        cluster = Cluster(url, directory, fleet, here, environment)
        here.callback(cluster.kill)
        yield cluster
