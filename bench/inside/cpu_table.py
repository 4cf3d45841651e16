"""A profile as a table: CPU by package, and the dearest functions of ours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from bench.inside.rooms import is_ours, room_of, room_of_builtin, short
from bench.tables import table

#: File, line and name of a function.
Function: TypeAlias = tuple[str, int, str]
#: Calls without recursion, calls, seconds in itself, seconds with what it called.
Cost: TypeAlias = tuple[int, int, float, float]
Stats: TypeAlias = Mapping[Function, tuple[int, int, float, float, Mapping[Function, Cost]]]

_BUILTIN = "~"
_DEAREST = 10
_LEAST_SHARE = 0.005
#: What the profile does not see.
REST = "event loop, kernel, other threads"


class CpuProfile(msgspec.Struct, frozen=True):
    """What was profiled while `units` (tokens or requests) went through.

    CPU seconds of the process for the same load: `plain` without the profile, `cpu` with it.
    """

    plain: float
    cpu: float
    stats: Stats
    units: int
    unit: str

    def rooms(self) -> str:
        """Every package, dearest first; microseconds are its share of what the load costs without the profile."""
        seconds, calls = self._by_room()
        inside = sum(seconds.values())
        seconds[REST] = max(0.0, self.cpu - inside)
        whole = sum(seconds.values())
        cost = self.plain / self.units * 1e6
        rows = [
            [room, f"{spent / whole:.1%}", f"{spent / whole * cost:.0f}", f"{calls[room] / self.units:.1f}"]
            for room, spent in sorted(seconds.items(), key=lambda item: -item[1])
            if spent / whole >= _LEAST_SHARE
        ]
        rows.append(["in all", "", f"{cost:.0f}", ""])
        return table(["package", "share", f"µs a {self.unit}", f"calls a {self.unit}"], rows)

    def dearest(self) -> str:
        """The functions of ours that take most by themselves, C functions they call included."""
        whole = max(self.cpu, sum(cost[2] for cost in self.stats.values()))
        mine = {function: self._own(function) for function in self.stats if is_ours(function[0])}
        rows = [
            [
                f"`{short(function[0])}:{function[1]} {function[2]}`",
                f"{own / whole:.1%}",
                f"{self.stats[function][3] / whole:.1%}",
                f"{self.stats[function][1] / self.units:.2f}",
            ]
            for function, own in sorted(mine.items(), key=lambda item: -item[1])[:_DEAREST]
        ]
        return table(["function of ours", "by itself", "with what it calls", f"calls a {self.unit}"], rows)

    def _by_room(self) -> tuple[dict[str, float], dict[str, int]]:
        seconds: dict[str, float] = defaultdict(float)
        calls: dict[str, int] = defaultdict(int)
        for function, (_, called, own, _, callers) in self.stats.items():
            if function[0] != _BUILTIN:
                seconds[room_of(function[0])] += own
                calls[room_of(function[0])] += called
                continue
            apart = room_of_builtin(function[2])
            for caller, (_, times, spent, _) in callers.items():
                room = apart or ("Python" if caller[0] == _BUILTIN else room_of(caller[0]))
                seconds[room] += spent
                calls[room] += times if apart else 0
        return seconds, calls

    def _own(self, function: Function) -> float:
        builtin = self._builtins.get(function, 0.0)
        return self.stats[function][2] + builtin

    @property
    def _builtins(self) -> dict[Function, float]:
        spent: dict[Function, float] = defaultdict(float)
        for function, (*_, callers) in self.stats.items():
            if function[0] == _BUILTIN:
                for caller, cost in callers.items():
                    spent[caller] += cost[2]
        return spent
