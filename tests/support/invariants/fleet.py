"""Servers on one database that need each other: watched together, and checked while all of them run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from tests.support.invariants.loop_probe import Reading
from tests.support.invariants.watch import Subject, Watch


class Fleet:
    """Whoever joins is ready; the fleet's end is checked before anybody of it is let go."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []

    async def join(self, *subjects: Subject) -> None:
        fresh = [Watch(subject) for subject in subjects]
        # One after the other: they make the same user for their control runs.
        for watch in fresh:
            await watch.begin()
        # Servers of one process share what is counted.
        for watch in self._watches:
            if any(watch.subject.pid == subject.pid for subject in subjects):
                await watch.measure()
        self._watches += fresh

    async def problems(self) -> list[str]:
        """Of all of them; first everybody who was killed or stopped serves again."""
        # Before all else: to build an application, and to check, is work on this loop that no server would have.
        here = {watch: await watch.subject.reading() for watch in self._watches if watch.subject.pid == os.getpid()}
        for watch in self._watches:
            await watch.subject.serve()
        return [problem for watch in self._watches for problem in await watch.problems(self._share(here, watch))]

    def _share(self, readings: Mapping[Watch, Reading], watch: Watch) -> Reading | None:
        """Servers that share one loop keep each other waiting, and so does a test that starts and kills processes."""
        if (reading := readings.get(watch)) is None:
            return None
        alone_here = len(readings) == len(self._watches)
        if not alone_here:
            return Reading(0.0, reading.tasks)
        return Reading(reading.lag / len(readings), reading.tasks, reading.usual_lag / len(readings))


@asynccontextmanager
async def watched_together() -> AsyncIterator[Fleet]:
    """At the end, if nothing else went wrong, every invariant must hold of every server that joined."""
    fleet = Fleet()
    yield fleet
    if problems := await fleet.problems():
        pytest.fail("\n".join(problems))
