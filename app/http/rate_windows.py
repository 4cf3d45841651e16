"""Moving windows: all limits of a request are tested before any is used up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec
from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from app.http.rate_headers import Quota
from lib.streaming.clock import Clock


class Counter(msgspec.Struct, frozen=True):
    """One limit of one identity."""

    item: RateLimitItem
    identity: str


class Verdict(msgspec.Struct, frozen=True):
    """Whether a request may pass, and how its limits stand now."""

    allowed: bool
    quotas: Sequence[Quota]


class Limiter(Protocol):
    """Where requests are counted. `policy` keeps the counters of different limits apart."""

    #: Decisions that the storage had no part in, because it did not answer.
    outages: int

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict:
        """Use up one request of each counter, or none. Raises `LimitsUnavailable` if nobody can decide."""

    async def close(self) -> None: ...


class LimitsUnavailable(Exception):
    """The storage does not answer, and nothing may be decided without it."""


class Windows:
    """A `Limiter` over a storage of this process, which always answers."""

    outages = 0

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._clock = clock

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict:
        # Nothing in here suspends, so no other request comes between the tests and the hits.
        allowed = all([await self._limiter.test(counter.item, policy, counter.identity) for counter in counters])
        if allowed:
            await self.note(policy, counters)
        return Verdict(allowed, [await self._quota(policy, counter) for counter in counters])

    async def note(self, policy: str, counters: Sequence[Counter]) -> None:
        """Count a request that was let pass."""
        for counter in counters:
            await self._limiter.hit(counter.item, policy, counter.identity)

    async def close(self) -> None:
        return None

    async def _quota(self, policy: str, counter: Counter) -> Quota:
        stats = await self._limiter.get_window_stats(counter.item, policy, counter.identity)
        reset = max(0.0, stats.reset_time - self._clock.now_ms() / 1000)
        return Quota(counter.item.amount, counter.item.get_expiry(), max(0, stats.remaining), reset)
