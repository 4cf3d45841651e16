"""The two state machines as tables. Whatever moves a status asks `advance` first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from lib.streaming.errors import IllegalTransition
from lib.streaming.types import ExecutionStatus, PromptStatus

_E, _P = ExecutionStatus, PromptStatus

EXECUTION_MOVES: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = MappingProxyType(
    {
        _E.PENDING: frozenset({_E.RUNNING}),
        _E.RUNNING: frozenset({_E.COMPLETED, _E.FAILED, _E.CANCELLED, _E.TIMED_OUT}),
    }
)
"""A pending execution ends only through an owner: even a stop before the start claims the row first."""

PROMPT_MOVES: Mapping[PromptStatus, frozenset[PromptStatus]] = MappingProxyType(
    {
        _P.PENDING: frozenset({_P.RUNNING, _P.SKIPPED}),
        _P.RUNNING: frozenset({_P.COMPLETED, _P.FAILED, _P.CANCELLED, _P.TIMED_OUT}),
    }
)


S = TypeVar("S", ExecutionStatus, PromptStatus)


def advance(moves: Mapping[S, frozenset[S]], now: S, then: S) -> S:
    """Return `then` if the table allows the move; raise `IllegalTransition` otherwise."""
    if then not in moves.get(now, frozenset()):
        raise IllegalTransition(f"{now.value} cannot become {then.value}")
    return then
