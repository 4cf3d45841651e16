"""How much of everything: a form for a quick look and one whose figures are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
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
    growth_steps: int
    growth_seconds: float
    #: Whether our server is looked into at the end (`bench.inside`).
    inside: bool


_OURS = (100, 200, 300, 400, 500, 600, 800)
_PEERS = (25, 50, 75, 100, 150)
FULL = Sizes(
    targets=("A", "C", "E", "ours", "ours-pg"),
    rounds=3,
    first_requests=150,
    paced_seconds=8.0,
    held_seconds=3.0,
    held_steps={"A": (400, 800, 1200), "C": _PEERS, "E": _PEERS, "ours": _OURS, "ours-pg": _OURS},
    burst_tokens={"direct": 2000, "A": 2000, "C": 300, "E": 800, "ours": 2000, "ours-pg": 2000},
    idle_streams=500,
    replay_clients=1000,
    replay_events=2000,
    log_tokens=1000,
    growth_steps=6,
    growth_seconds=4.0,
    inside=True,
)
QUICK = Sizes(
    targets=("A", "C", "ours", "ours-pg"),
    rounds=3,
    first_requests=30,
    paced_seconds=2.0,
    held_seconds=1.5,
    held_steps={"A": (400,), "C": (40, 80), "E": (40, 80), "ours": (200, 400), "ours-pg": (200, 400)},
    burst_tokens={"direct": 500, "A": 1000, "C": 50, "E": 100, "ours": 1000, "ours-pg": 1000},
    idle_streams=100,
    replay_clients=300,
    replay_events=500,
    log_tokens=300,
    growth_steps=3,
    growth_seconds=1.5,
    inside=False,
)
