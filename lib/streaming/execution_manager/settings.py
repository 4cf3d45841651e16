"""How long the engine waits, and how often it tries."""

from __future__ import annotations

import msgspec


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds throughout. A prompt's or an assistant's own figure wins over the clocks given here."""

    queue_timeout: float = 600.0
    connect_timeout: float = 10.0
    first_token_timeout: float = 60.0
    idle_timeout: float = 60.0
    prompt_timeout: float = 300.0
    execution_timeout: float = 600.0
    lease_seconds: float = 5.0
    renew_seconds: float = 1.0
    sweep_seconds: float = 3.0
    max_claims: int = 5
    stop_wait_seconds: float = 5.0
    close_wait_seconds: float = 5.0
    max_output_chars: int = 20_000_000
    #: Executions a worker runs at once.
    max_running: int = 1000
    #: Whether a start on a worker with a free slot is claimed at once, or all go through the queue.
    claim_at_start: bool = True
    #: From the beginning of one commit of the event log to that of the next at least.
    commit_pace_seconds: float = 0.0
