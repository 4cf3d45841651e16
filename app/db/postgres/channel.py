"""How nodes learn that executions have new events: one NOTIFY a commit names those that moved.

A payload is `key:seq` for each execution, its integer key and the number of its newest event, separated by spaces.
It only says that there is something to read; whoever misses it still finds the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lib.streaming.types import Seq

#: What to LISTEN to.
EVENTS = "aa_events"
#: A payload ends below 8,000 bytes. The longest entry has 31 with its space: 19 for the key, 10 for the number.
PER_PAYLOAD = 250


class Moved(NamedTuple):
    """An execution's key, and the number of its newest event."""

    key: int
    seq: Seq


def payloads(moved: Sequence[Moved]) -> list[str]:
    """As few as hold them all."""
    parts = (moved[start : start + PER_PAYLOAD] for start in range(0, len(moved), PER_PAYLOAD))
    return [" ".join(f"{key}:{seq}" for key, seq in part) for part in parts]


def read_payload(payload: str) -> Iterator[Moved]:
    """The executions it names; raises ValueError for one that no node has sent."""
    for entry in payload.split(" "):
        key, _, seq = entry.partition(":")
        yield Moved(int(key), Seq(int(seq)))
