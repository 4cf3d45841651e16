"""How much of everything: a form for a quick look and one whose figures are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec


class Sizes(msgspec.Struct, frozen=True):
    """Seconds are those of one load. What is a mapping goes by target; slow targets get less of the same."""

    targets: Sequence[str]
    rounds: int
    first_requests: int
    paced_seconds: float
    held_seconds: float
    held_steps: Mapping[str, Sequence[int]]
    burst_tokens: Mapping[str, int]
    idle_streams: int
    replay_clients: int
    replay_events: int
    log_tokens: int


FULL = Sizes(
    targets=("A", "C", "E", "ours"),
    rounds=3,
    first_requests=200,
    paced_seconds=10.0,
    held_seconds=4.0,
    held_steps={
        "A": (400, 800, 1200),
        "C": (25, 50, 75, 100, 150),
        "E": (25, 50, 75, 100, 150),
        "ours": (100, 200, 300, 400, 500, 600, 800),
    },
    burst_tokens={"direct": 2000, "A": 2000, "C": 400, "E": 1000, "ours": 2000},
    idle_streams=500,
    replay_clients=1000,
    replay_events=2000,
    log_tokens=1000,
)
QUICK = Sizes(
    targets=("A", "C", "ours"),
    rounds=3,
    first_requests=30,
    paced_seconds=2.0,
    held_seconds=1.5,
    held_steps={"A": (400,), "C": (40, 80), "E": (40, 80), "ours": (200, 400)},
    burst_tokens={"direct": 500, "A": 1000, "C": 50, "E": 100, "ours": 1000},
    idle_streams=100,
    replay_clients=1000,
    replay_events=1000,
    log_tokens=300,
)
