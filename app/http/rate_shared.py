"""Limits shared by many processes, and what holds while their storage does not answer.

Theory of operation. The storage is asked within a deadline. The first failure begins an outage: from then on nobody
waits for the storage, one request a second tries whether it is back, and all others are decided by the policy: by
this process's own counters, or not at all. The own counters are kept warm meanwhile, so that an outage hands out no
new budget.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from app.http.rate_windows import Counter, LimitsUnavailable, Verdict, Windows
from lib.streaming.clock import Clock

log = logging.getLogger(__name__)

#: A decision waits at most this long for the storage.
DEADLINE_SECONDS = 0.25
RETRY_SECONDS = 1.0


class SharedStorage(Protocol):
    """Counters outside this process; may raise anything, or take for ever."""

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict: ...

    async def close(self) -> None: ...


class SharedWindows:
    """A `Limiter`. `local` decides in an outage; None: nobody does, and `LimitsUnavailable` is raised."""

    def __init__(self, shared: SharedStorage, local: Windows | None, clock: Clock) -> None:
        self.outages = 0
        self._shared = shared
        self._local = local
        self._clock = clock
        self._ask_again_at: float | None = None

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict:
        if self._may_ask():
            verdict = await self._ask(policy, counters)
            if verdict is not None:
                return verdict
        self.outages += 1
        if self._local is None:
            raise LimitsUnavailable
        return await self._local.spend(policy, counters)

    async def close(self) -> None:
        await self._shared.close()

    def _may_ask(self) -> bool:
        if self._ask_again_at is None:
            return True
        now = self._clock.monotonic()
        if now < self._ask_again_at:
            return False
        # This request is the one that tries.
        self._ask_again_at = now + RETRY_SECONDS
        return True

    async def _ask(self, policy: str, counters: Sequence[Counter]) -> Verdict | None:
        """The storage's own verdict, or None if it has none to give."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                verdict = await self._shared.spend(policy, counters)
        except Exception as error:  # noqa: BLE001 - a storage fails in many ways, and none is the caller's fault
            self._begin_outage(error)
            return None
        self._end_outage()
        if verdict.allowed and self._local is not None:
            await self._local.note(policy, counters)
        return verdict

    def _begin_outage(self, error: Exception) -> None:
        if self._ask_again_at is None:
            decides = "starts and sign-ins are refused" if self._local is None else "each process counts for itself"
            log.warning("the rate limit storage does not answer (%s): %s", type(error).__name__, decides)
        self._ask_again_at = self._clock.monotonic() + RETRY_SECONDS

    def _end_outage(self) -> None:
        if self._ask_again_at is not None:
            log.warning("the rate limit storage answers again")
            self._ask_again_at = None
