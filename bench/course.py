"""The course of a run: which figure is taken when, of whom. What fails costs its own figure and leaves a note."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from bench.faults import Fault
from bench.metrics.ending import leaving, stopping
from bench.metrics.faults import fault
from bench.metrics.growth import STEPS, growth
from bench.metrics.held import Climb
from bench.metrics.idle import idle
from bench.metrics.log_size import log_size
from bench.metrics.replay import replay
from bench.metrics.second_node import second_node
from bench.metrics.streaming import burst, first_token, paced, warm_up
from bench.our_servers import another_node
from bench.ours import Ours
from bench.rig import Rig
from bench.sample import Figures, Metric, Sample, Told
from bench.sizes import Sizes
from bench.target import Target

T = TypeVar("T")


class Course(msgspec.Struct, frozen=True):
    """`floor` is the rig without a server; of `variants` only latency and CPU are asked; `say` tells how far it is."""

    rig: Rig
    sizes: Sizes
    floor: Target
    servers: Sequence[Target]
    variants: Sequence[Ours]
    figures: Figures
    say: Callable[[str], None]

    async def run(self) -> None:
        """Everything once, and what is compared between servers in rounds, each server in turn."""
        for target in (*self.servers, *self.variants):
            await self._note(f"{target.name}, warm-up", self._warm_up(target))
        for target in self.servers:
            await self._add(f"{target.name}, idle memory", idle(self.rig, target, self.sizes.idle_streams))
        for number in range(self.sizes.rounds):
            self.say(f"round {number + 1} of {self.sizes.rounds}")
            await self._round()
        for target in self.servers:
            self.say(f"{target.name}: endings")
            await self._endings(target)
        await self._growth()
        await self._held()
        # Last, for not every server survives them.
        for target in self.servers:
            self.say(f"{target.name}: faults")
            await self._faults(target)

    async def _round(self) -> None:
        rig, sizes = self.rig, self.sizes
        for target in (self.floor, *self.servers):
            await self._add(f"{target.name}, first token", first_token(rig, target, sizes.first_requests))
        for target in (self.floor, *self._adjacent()):
            await self._add(f"{target.name}, paced", paced(rig, target, sizes.paced_seconds))
        for target in (self.floor, *self.servers):
            await self._add(f"{target.name}, burst", burst(rig, target, sizes.burst_tokens[target.name]))
        for target in self.servers:
            if isinstance(target, Ours) and target.database_url is not None:
                await self._add("a second node", self._second_node(target))

    def _adjacent(self) -> list[Target]:
        """Servers, each followed by its variant, so that both meet the same mood of the machine."""
        ordered: list[Target] = []
        for server in self.servers:
            on = isinstance(server, Ours) and server.database_url is not None
            variants = [variant for variant in self.variants if (variant.database_url is not None) == on]
            ordered += [server, *(variants if isinstance(server, Ours) else ())]
        return ordered

    async def _warm_up(self, target: Target) -> None:
        await warm_up(self.rig, target)

    async def _second_node(self, running: Ours) -> list[Sample]:
        async with another_node(self.rig.place, running) as other:
            await warm_up(self.rig, other)
            return await second_node(self.rig, running, other, self.sizes.paced_seconds)

    async def _endings(self, target: Target) -> None:
        await self._add(f"{target.name}, leaving", leaving(self.rig, target))
        if isinstance(target, Ours):
            sizes = self.sizes
            await self._add(f"{target.name}, stopping", stopping(self.rig, target))
            await self._add(f"{target.name}, size of the log", log_size(self.rig, target, sizes.log_tokens))
            came_back = replay(self.rig, target, sizes.replay_clients, sizes.replay_events)
            await self._add(f"{target.name}, replay", came_back)

    async def _faults(self, target: Target) -> None:
        told: list[Told] = []
        for kind in Fault:
            await self._note(f"{target.name}, {kind}", _collect(fault(target, kind), told.append))
        self.figures.told.extend(told)
        if len(told) == len(Fault):
            self.figures.add([Sample(Metric.FAULTS, target.name, sum(one.explicit for one in told))])

    async def _growth(self) -> None:
        for streams, rate in STEPS[: self.sizes.growth_steps]:
            self.say(f"growth: {streams} streams")
            for target in self.servers:
                step = growth(self.rig, target, streams, rate, self.sizes.growth_seconds)
                await self._note(f"{target.name}, {streams} streams", _collect(step, self.figures.steps.append))

    async def _held(self) -> None:
        climb = Climb(self.rig, self.floor, self.sizes.held_seconds)
        for target in self.servers:
            self.say(f"{target.name}: streams held")
            await self._add(f"{target.name}, streams held", climb.held(target, self.sizes.held_steps[target.name]))

    async def _add(self, what: str, samples: Awaitable[Iterable[Sample]]) -> None:
        await self._note(what, _collect(samples, self.figures.add))

    async def _note(self, what: str, measuring: Awaitable[None]) -> None:
        began = time.monotonic()
        try:
            await measuring
        except Exception as error:  # noqa: BLE001 - a run of a quarter of an hour goes on without this figure
            self.figures.doubts.append(f"{what}: not measured, {type(error).__name__}: {_short(error)}")
            self.say(self.figures.doubts[-1])
            await self.rig.release()
        self.say(f"  {what}: {time.monotonic() - began:.1f} s")


async def _collect(measuring: Awaitable[T], take: Callable[[T], None]) -> None:
    take(await measuring)


def _short(error: Exception) -> str:
    """The end of what it says, on one line: a server's log says last why it ended."""
    return " ".join(str(error).split())[-160:]
