"""The ends of attempts whose owner vanished, written by whoever goes on."""

from __future__ import annotations

from collections.abc import Sequence

from lib.streaming.ports.execution_store import InterruptedAttempt
from lib.streaming.ports.log_store import AttemptEnded
from lib.streaming.ports.prices import PriceList
from lib.streaming.pricing import Price, cost_of
from lib.streaming.types import NanoDollars, PromptStatus, Usage
from lib.streaming.usage import estimated_usage

WORKER_LOST = "worker_lost"
MESSAGE = "The worker of this attempt was lost."


class LostAttempts:
    """What the last owner left live. `usage` and `costs` are of those whose ends were taken."""

    def __init__(self, interrupted: Sequence[InterruptedAttempt], prices: PriceList) -> None:
        self.usage: list[Usage] = []
        self.costs: list[NanoDollars | None] = []
        self._interrupted = interrupted
        self._prices = prices

    def take_ends(self) -> list[tuple[InterruptedAttempt, AttemptEnded]]:
        """Each with its end; whoever takes them writes them, so the second time there are none."""
        taken, self._interrupted = self._interrupted, ()
        ends = [(lost, _end(lost, self._prices.price_of(lost.model))) for lost in taken]
        self.usage += [end.usage for _, end in ends if end.usage]
        self.costs += [end.cost for _, end in ends]
        return ends


def _end(lost: InterruptedAttempt, price: Price | None) -> AttemptEnded:
    """The text that was stored, and usage by the length of what was asked and of what came.

    What the provider told went with the owner. Whether it had taken the request at all is not known, so it is held to
    have: work that may have to be paid for is not left out.
    """
    usage = estimated_usage(lost.asked_chars, len(lost.output) + len(lost.reasoning))
    return AttemptEnded(
        prompt_id=lost.prompt_id,
        attempt=lost.attempt,
        status=PromptStatus.FAILED,
        output=lost.output,
        reasoning=lost.reasoning,
        usage=usage,
        cost=None if price is None else cost_of(usage, price),
        duration_ms=lost.duration_ms,
        code=WORKER_LOST,
        message=MESSAGE,
    )
