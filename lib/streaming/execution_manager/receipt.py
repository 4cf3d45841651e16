"""What a stop is answered with."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from lib.streaming.types import ExecutionStatus


class StopOutcome(StrEnum):
    STOPPED = "stopped"
    ALREADY_FINISHED = "already_finished"
    STOPPED_BEFORE_START = "stopped_before_start"
    OWNER_LOST = "owner_lost"


class CancelReceipt(msgspec.Struct, frozen=True, rename="camel"):
    """What happened, and how the execution stands now.

    `upstream_closed`: no provider connection of the execution is open any more. `kept_chars`: characters of
    output that stay stored. `latency_ms`: from the request to this answer.
    """

    outcome: StopOutcome
    status: ExecutionStatus
    upstream_closed: bool
    latency_ms: int
    kept_chars: int
