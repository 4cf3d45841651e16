"""Several nodes on one PostgreSQL database, each a process of its own."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import asyncpg

from app.db.postgres.plain import Connect, connector
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node
from tests.support.stream_client import StreamClient

_OPENED = re.compile(r"node (\S+) is open")

WEB = ("serve", "--no-worker")
WORKER = ("worker",)
BOTH = ("serve",)


class Cluster:
    """Makes nodes; whatever runs at the end is killed. `environment` holds for all of them."""

    def __init__(self, url: str, directory: Path, **environment: str) -> None:
        self.nodes: dict[str, Node] = {}
        self.connect: Connect = connector(url, statement_seconds=5)
        self._directory = directory
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
            directory = self._directory / name
            directory.mkdir()
            self.nodes[name] = Node(directory, *command, **self._environment)
        await asyncio.gather(*(self.nodes[name].start() for name in nodes))

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
        return next(name for name, node in self.nodes.items() if _OPENED.findall(node.log())[-1] == owner)

    def kill(self) -> None:
        for node in self.nodes.values():
            node.kill()


@contextmanager
def cluster_on(url: str, directory: Path, **environment: str) -> Iterator[Cluster]:
    cluster = Cluster(url, directory, **environment)
    try:
        yield cluster
    finally:
        cluster.kill()
