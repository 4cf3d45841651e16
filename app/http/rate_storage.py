"""Where rate limits are counted, by the settings."""

from __future__ import annotations

from app.http.rate_memory import MovingWindowMemory
from app.http.rate_shared import DEADLINE_SECONDS, SharedWindows
from app.http.rate_windows import Limiter, Windows
from lib.streaming.clock import Clock

MEMORY = "memory://"


def open_limiter(url: str, outage: str, clock: Clock) -> Limiter:
    """The limiter of `memory://`, `valkey://…` or `redis://…`; connects when first used.

    `outage`: `local` or `closed`, what holds while a shared storage does not answer.
    """
    local = Windows(MovingWindowMemory(clock), clock)
    if url.startswith(MEMORY):
        return local
    # The driver takes a while to load, which only a deployment that has a server pays for.
    from app.http.rate_valkey import ValkeyWindows

    shared = ValkeyWindows(url, DEADLINE_SECONDS)
    return SharedWindows(shared, None if outage == "closed" else local, clock)
