"""How much the tests break, and where their dice fall.

`CHAOS=long` makes them as long as `make chaos` wants them; `CHAOS_SEED` repeats a run's dice. A seed is printed, and
pytest shows it with a failure.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from typing import TypeVar

import aiohttp

from tests.support.node import Node
from tests.support.stream_client import Received, StreamClient

T = TypeVar("T")

LONG = os.environ.get("CHAOS") == "long"
MOST_EVENTS_A_CONNECTION = 12


def sized(short: T, long: T) -> T:
    return long if LONG else short


def dice() -> random.Random:
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(2**32)))
    say(f"CHAOS_SEED={seed}")
    return random.Random(seed)


def say(what: str) -> None:
    """For whoever looks at a run; pytest shows it with a failure, and always with `-s`."""
    print(what)  # noqa: T201


def chain(steps: int, content: str, pause_ms: int) -> dict[str, object]:
    """An assistant of so many prompts, one after the other."""
    prompts = [
        {"id": f"p{number}", "name": f"p{number}", "model": f"scripted/slow-{pause_ms}", "position": number}
        | {"content": content}
        for number in range(steps)
    ]
    return {"name": "Chain", "prompts": prompts, "onDisconnect": "continue"}


def crowd() -> aiohttp.ClientSession:
    """For as many connections as there are streams."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


class RoamingClient(StreamClient):
    """Connects to any of several nodes, and leaves each connection after a few events."""

    def __init__(
        self, session: aiohttp.ClientSession, base_urls: Sequence[str], api_key: str, rng: random.Random
    ) -> None:
        super().__init__(session, base_urls[0], api_key)
        self._base_urls = base_urls
        self._rng = rng

    async def _connect(self, received: Received, until: int | None) -> int:
        self.base_url = self._rng.choice(self._base_urls)
        return await super()._connect(received, received.last + self._rng.randint(1, MOST_EVENTS_A_CONNECTION))


class WorkerFaults:
    """Breaks workers, each at its own moments, until so many faults were done. `done` counts them by kind."""

    def __init__(self, rng: random.Random, faults: int, longest_pause: float) -> None:
        self._rng = rng
        self._left = faults
        self._longest_pause = longest_pause
        self.done: dict[str, int] = {}

    async def upon(self, nodes: Sequence[Node]) -> None:
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(self._break(node))

    async def _break(self, node: Node) -> None:
        while self._left > 0:
            self._left -= 1
            await asyncio.sleep(self._rng.uniform(0.1, 1.5))
            fault = self._rng.choice((self._kill, self._end, self._pause))
            await fault(node)
            name = fault.__name__.removeprefix("_")
            self.done[name] = self.done.get(name, 0) + 1

    async def _kill(self, node: Node) -> None:
        node.kill()
        await node.start()

    async def _end(self, node: Node) -> None:
        assert await node.stop() == 0, node.log()
        await node.start()

    async def _pause(self, node: Node) -> None:
        node.pause()
        await asyncio.sleep(self._rng.uniform(0.1, self._longest_pause))
        await node.go_on()
