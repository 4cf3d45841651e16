"""A load and what came of it, as exchanged between the harness and the client process."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """`streams` requests, one connection each, begun evenly over `ramp` seconds; `requests` are taken in turn.

    `tokens` are expected on each. `one_by_one` starts a stream when the one before has ended; `leave_early` closes
    a stream once its tokens are there. What is not over after `deadline` seconds is counted as incomplete.
    `steady` reads latencies only while all streams are open. `server_pid` and `database_pid` are the process trees whose CPU
    time is read.
    """

    port: int
    requests: Sequence[str]
    streams: int
    tokens: int
    ramp: float = 0.0
    one_by_one: bool = False
    leave_early: bool = False
    steady: bool = False
    deadline: float = 60.0
    server_pid: int | None = None
    database_pid: int | None = None


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds, seconds, and CPU microseconds. What could not be measured is None.

    `steady_cpu_us_per_token` is of the time in which all streams were open.
    """

    complete: int
    incomplete: int
    tokens: int
    frames: int
    seconds: float
    first_p50: float | None = None
    first_p99: float | None = None
    latency_p50: float | None = None
    latency_p99: float | None = None
    cpu_us_per_token: float | None = None
    steady_cpu_us_per_token: float | None = None
    database_cpu_us_per_token: float | None = None
    lag_p99: float | None = None
    refusal: str = ""


def nothing_came(load: Load, why: str) -> LoadResult:
    """The result of a load whose client could not tell."""
    return LoadResult(complete=0, incomplete=load.streams, tokens=0, frames=0, seconds=load.deadline, refusal=why)


def percentile_ms(nanoseconds: Sequence[int], share: float) -> float | None:
    """The value below which `share` of them lie (nearest rank), in milliseconds."""
    if not nanoseconds:
        return None
    ordered = sorted(nanoseconds)
    rank = min(len(ordered) - 1, int(share * len(ordered)))
    return ordered[rank] / 1e6
