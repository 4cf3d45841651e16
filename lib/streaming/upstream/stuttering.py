"""Folds the snapshots that a stuttering upstream re-sends at the start of its answer.

Such an upstream sends its opening text several times, growing or shrinking, each one replacing the one
before, and only then begins with real deltas. The exact prefix rule decides: as long as the next text is a
prefix of the held one or the held one of it, the next replaces it; the first text that is unrelated ends it.
The rule cannot tell genuine repeats ("ha", "ha") from snapshots, so it is only for upstreams known to stutter.
"""

from __future__ import annotations

import msgspec


class HoldLimits(msgspec.Struct, frozen=True):
    """How long (seconds) and how much (characters) the opening text may be held back."""

    seconds: float = 2.0
    chars: int = 4096


class PrefixFold:
    """Feed it texts in order; it gives the text to pass on. Nothing is lost: `flush` gives what is held.

    `resolved` once the start is over; `deadline` (monotonic seconds) while a text is held.
    """

    def __init__(self, limits: HoldLimits | None = None) -> None:
        self.resolved = False
        self.deadline: float | None = None
        self._limits = limits or HoldLimits()
        self._held = ""

    def take(self, text: str, now: float) -> str:
        """Take the next text, which is not empty; an empty one says nothing and must not come here."""
        if self.resolved:
            return text
        if self.deadline is None:
            self.deadline = now + self._limits.seconds
        elif now >= self.deadline or not _related(self._held, text):
            return self.flush() + text
        self._held = text
        return self.flush() if len(text) > self._limits.chars else ""

    def flush(self) -> str:
        """Give up what is held and fold no more."""
        held, self._held = self._held, ""
        self.resolved, self.deadline = True, None
        return held


def _related(held: str, text: str) -> bool:
    return text.startswith(held) or held.startswith(text)
