"""When to try again, and after how long."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lib.streaming.errors import PromptFailure


class RetryPolicy(msgspec.Struct, frozen=True):
    """Exponential backoff with full jitter; `random` draws from [0, 1).

    `attempts` counts all tries, the first included. Seconds: the n-th wait is drawn evenly from 0 to
    `base * 2**(n-1)`, at most `cap`. An upstream that asks for a wait gets it, with a draw on top so that
    not all come back together; one that asks for more than `longest_asked` is not waited for.
    """

    random: Callable[[], float]
    attempts: int = 3
    base: float = 0.5
    cap: float = 60.0
    longest_asked: float = 120.0

    def delay(self, attempt: int, failure: PromptFailure, remaining: float) -> float | None:
        """Seconds to wait after attempt number `attempt` (from 1) failed; None: do not try again.

        `remaining`: seconds to the deadline, which the wait must not reach.
        """
        if not failure.retryable or attempt >= self.attempts:
            return None
        asked = failure.retry_after or 0.0
        wait = asked + self.random() * self._ceiling(attempt)
        return wait if asked <= self.longest_asked and wait < remaining else None

    def _ceiling(self, attempt: int) -> float:
        doublings = min(attempt - 1, 60)
        return min(self.base * float(2**doublings), self.cap)
