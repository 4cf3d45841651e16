"""Watches a server and says which invariants it broke."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import pytest

from tests.support.fault_upstream import FaultUpstream
from tests.support.invariants.at_rest import not_at_rest
from tests.support.invariants.control import ControlRuns
from tests.support.invariants.descriptors import described, own_descriptors
from tests.support.invariants.loop_probe import Reading
from tests.support.invariants.secrets import leaks, stored_bytes
from tests.support.invariants.stored import StoredExecutions

MOST_LAG_SECONDS = 0.1
#: What even a machine that stumbled does not explain.
MOST_LAG_ONCE_SECONDS = 0.25
MOST_LEFT = 2
#: How long what is ending may take to be gone.
SETTLE_SECONDS = 3.0


class Subject(Protocol):
    """A server as its observer needs it. `secrets` are canaries; `upstream` is its only model service, if any.

    `serves`: whether it has an API. One that only works has none: what is stored is its neighbours' to be asked.
    """

    @property
    def name(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    @property
    def database_url(self) -> str: ...

    @property
    def pid(self) -> int: ...

    @property
    def serves(self) -> bool: ...

    @property
    def secrets(self) -> Sequence[str]: ...

    @property
    def upstream(self) -> FaultUpstream | None: ...

    @property
    def control_model(self) -> str: ...

    async def reading(self) -> Reading:
        """Of its event loop."""

    async def serve(self) -> None:
        """Start it again if it does not run."""

    def told(self) -> dict[str, bytes]:
        """What it told others, by place: its log, the bodies of errors."""


class Watch:
    """Of one server: `begin` once it is ready, `problems` as often as wanted."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._stored = StoredExecutions(subject.database_url)
        self._control = ControlRuns(subject.database_url, subject.control_model)
        self._tasks: list[str] = []
        self._descriptors = 0

    async def begin(self) -> None:
        if self.subject.serves:
            await self._control.prepare(self.subject.base_url)
        await self.measure()

    async def measure(self) -> None:
        """What there is now is what there may be at the end."""
        self._tasks = (await self.subject.reading()).tasks
        self._descriptors = own_descriptors(self.subject.pid)

    async def problems(self, reading: Reading | None = None) -> list[str]:
        """Every broken invariant, in words, with its number. `reading`: one that was taken before."""
        await self.subject.serve()
        reading = reading or await self.subject.reading()
        found: list[tuple[int, str]] = [(8, problem) for problem in _lag_problems(reading)]
        found += [(5, problem) for problem in await self._upstream_problems()]
        if self.subject.serves:
            found += [(9, problem) for problem in await self._control.problems(self.subject.base_url)]
        found += [(6, problem) for problem in await self._left_over()]
        places = self.subject.told()
        if self.subject.serves:
            found += [(4, problem) for problem in await asyncio.to_thread(not_at_rest, self.subject.database_url)]
            found += await self._stored.problems()
            places["the database"] = await asyncio.to_thread(stored_bytes, self.subject.database_url)
        found += [(7, problem) for problem in leaks(self.subject.secrets, places)]
        return [f"{self.subject.name}, invariant {number}: {problem}" for number, problem in sorted(found)]

    async def _upstream_problems(self) -> list[str]:
        if self.subject.upstream is None:
            return []
        try:
            await self.subject.upstream.closed(within=SETTLE_SECONDS)
        except TimeoutError:
            return [f"{self.subject.upstream.open_streams} answers of the model service are under way"]
        return []

    async def _left_over(self) -> list[str]:
        problems: list[str] = []
        for _ in range(round(SETTLE_SECONDS / 0.05)):
            if not (problems := self._counted((await self.subject.reading()).tasks)):
                break
            await asyncio.sleep(0.05)
        return problems

    def _counted(self, tasks: list[str]) -> list[str]:
        problems = []
        if len(tasks) > len(self._tasks) + MOST_LEFT:
            problems.append(f"{len(tasks)} tasks, and there were {len(self._tasks)}: {tasks}")
        if (held := own_descriptors(self.subject.pid)) > self._descriptors + MOST_LEFT:
            problems.append(f"{held} descriptors, and there were {self._descriptors}: {described(self.subject.pid)}")
        return problems


def _lag_problems(reading: Reading) -> list[str]:
    late = reading.usual_lag > MOST_LAG_SECONDS or reading.lag > MOST_LAG_ONCE_SECONDS
    if not late:
        return []
    worst, next_worst = reading.lag * 1000, reading.usual_lag * 1000
    return [f"the event loop kept others waiting for {worst:.0f} ms, and next to that for {next_worst:.0f} ms"]


#: Servers that run now; what outlives a test is checked at the end of each.
RUNNING: list[Watch] = []


@asynccontextmanager
async def watched(subject: Subject) -> AsyncIterator[Watch]:
    """Watch a server that is ready; at the end, if nothing else went wrong, every invariant must hold."""
    watch = Watch(subject)
    await watch.begin()
    RUNNING.append(watch)
    try:
        yield watch
    finally:
        RUNNING.remove(watch)
    if problems := await watch.problems():
        pytest.fail("\n".join(problems))
