"""The states of a stream from an upstream, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """INITIAL: no text yet. STUTTERING: the opening text may still be replaced. NORMAL: deltas.

    RECOVERING: the last chunk could not be read. TERMINATING: nothing more is taken.
    """

    INITIAL = "initial"
    STUTTERING = "stuttering"
    NORMAL = "normal"
    RECOVERING = "recovering"
    TERMINATING = "terminating"


class Signal(StrEnum):
    """What moves a stream: the four chunk types, the end of the stuttering, and a failure."""

    DATA = "data"
    DONE = "done"
    MALFORMED = "malformed"
    EMPTY = "empty"
    RESOLVED = "resolved"
    FAILED = "failed"


_LIVE = (State.INITIAL, State.STUTTERING, State.NORMAL, State.RECOVERING)

TRANSITIONS: Mapping[tuple[State, str], State] = MappingProxyType(
    {
        (State.INITIAL, Signal.DATA): State.STUTTERING,
        (State.STUTTERING, Signal.DATA): State.STUTTERING,
        (State.NORMAL, Signal.DATA): State.NORMAL,
        # Whether the start was over before the bad chunk is the fold's to say: it answers RESOLVED at once.
        (State.RECOVERING, Signal.DATA): State.STUTTERING,
        (State.STUTTERING, Signal.RESOLVED): State.NORMAL,
        **{(state, Signal.EMPTY): state for state in State},
        **{(state, Signal.MALFORMED): State.RECOVERING for state in _LIVE},
        **{(state, Signal.DONE): State.TERMINATING for state in _LIVE},
        **{(state, Signal.FAILED): State.TERMINATING for state in State},
    }
)
