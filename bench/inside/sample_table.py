"""Samples of a running server as a table: CPU by package, and the functions of ours it was found in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from bench.inside.rooms import is_ours, room_of, short
from bench.tables import table

#: File, first line and name of a function.
Place: TypeAlias = tuple[str, int, str]
#: The functions on the stack, innermost first, and how often just these were found.
Stacks: TypeAlias = Sequence[tuple[Sequence[Place], int]]

_DEAREST = 10
_LEAST_SHARE = 0.005


class CpuSamples(msgspec.Struct, frozen=True):
    """Where the process was, each millisecond of its CPU time, while `units` (tokens or requests) went through.

    `plain`: its CPU seconds for the same load without samples. What C code takes, the event loop's too, is found in
    the Python function that runs next.
    """

    plain: float
    stacks: Stacks
    units: int
    unit: str

    def rooms(self) -> str:
        """Every package, dearest first; microseconds are its share of what the load costs without samples."""
        found: Counter[str] = Counter()
        for stack, count in self.stacks:
            found[room_of(stack[0][0])] += count
        cost = self.plain / self.units * 1e6
        rows = [
            [room, f"{count / found.total():.1%}", f"{count / found.total() * cost:.0f}"]
            for room, count in found.most_common()
            if count / found.total() >= _LEAST_SHARE
        ]
        return table(["package", "share", f"µs a {self.unit}"], [*rows, ["in all", "", f"{cost:.0f}"]])

    def dearest(self) -> str:
        """The functions of ours that take most: by themselves, and with the libraries they call."""
        own: Counter[Place] = Counter()
        served: Counter[Place] = Counter()
        for stack, count in self.stacks:
            own[stack[0]] += count
            if nearest := next((place for place in stack if is_ours(place[0])), None):
                served[nearest] += count
        whole = own.total()
        rows = [
            [f"`{short(place[0])}:{place[1]} {place[2]}`", f"{own[place] / whole:.1%}", f"{count / whole:.1%}"]
            for place, count in served.most_common(_DEAREST)
        ]
        return table(["function of ours", "by itself", "with the libraries it calls"], rows)
