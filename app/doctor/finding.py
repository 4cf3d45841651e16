"""What one check came to."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import msgspec


class Outcome(IntEnum):
    """The number is the exit code of a command whose worst finding it is."""

    OK = 0
    WARN = 1
    FAIL = 2


class Finding(msgspec.Struct, frozen=True):
    """`advice`: what to do about it; empty where there is nothing to do."""

    check: str
    outcome: Outcome
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    return Finding(check, Outcome.OK, found)


def warn(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Outcome.WARN, found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Outcome.FAIL, found, advice)


def worst(findings: Iterable[Finding]) -> Outcome:
    return max((finding.outcome for finding in findings), default=Outcome.OK)
