"""When to try again, and after how long."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.streaming.errors import PromptFailure, UpstreamFailure
from lib.streaming.execution_manager.prompt_run import Retries
from lib.streaming.resilience.retry import RetryPolicy


def failure(code: str = "upstream_overloaded", *, retryable: bool = True, asked: float | None = None) -> PromptFailure:
    return UpstreamFailure("x", code=code, retryable=retryable, retry_after=asked)


def policy(draw: float = 0.5, attempts: int = 10) -> RetryPolicy:
    return RetryPolicy(lambda: draw, attempts=attempts)


def test_the_ceiling_doubles_with_each_attempt_up_to_the_cap() -> None:
    almost = policy(draw=1.0, attempts=100)
    waits = [almost.delay(attempt, failure(), math.inf) for attempt in (1, 2, 3, 4, 7, 8, 9, 70, 99)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 32.0, 60.0, 60.0, 60.0, 60.0]


def test_the_jitter_is_full() -> None:
    assert policy(draw=0.0).delay(5, failure(), math.inf) == 0.0
    dice = random.Random(1)
    waits = [RetryPolicy(dice.random).delay(2, failure(), math.inf) or 0.0 for _ in range(2000)]
    assert min(waits) < 0.05
    assert max(waits) > 0.95
    assert sum(waits) / len(waits) == pytest.approx(0.5, abs=0.03)


def test_attempts_run_out() -> None:
    three = policy(attempts=3)
    assert [three.delay(attempt, failure(), math.inf) is None for attempt in (1, 2, 3, 4)] == [False, False, True, True]
    assert policy(attempts=1).delay(1, failure(), math.inf) is None


@pytest.mark.parametrize(
    "code", ["upstream_unauthorized", "upstream_rejected", "upstream_model_not_found", "template_error"]
)
def test_what_another_attempt_will_not_mend_is_not_tried_again(code: str) -> None:
    assert policy().delay(1, failure(code, retryable=False, asked=1.0), math.inf) is None


@pytest.mark.parametrize(
    ("asked", "wait"), [(0.0, 0.25), (2.0, 2.25), (120.0, 120.25), (120.5, None), (86_400.0, None)]
)
def test_a_wait_that_is_asked_for_is_obeyed_or_not_begun(asked: float, wait: float | None) -> None:
    assert policy().delay(1, failure(asked=asked), math.inf) == wait


@pytest.mark.parametrize(
    ("remaining", "wait"), [(0.26, 0.25), (0.25, None), (0.0, None), (-5.0, None), (math.inf, 0.25)]
)
def test_no_wait_reaches_the_deadline(remaining: float, wait: float | None) -> None:
    assert policy().delay(1, failure(), remaining) == wait


@given(
    attempt=st.integers(1, 10_000),
    asked=st.none() | st.floats(0, 1e9),
    remaining=st.floats(-10, 1e9),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_a_wait_is_never_shorter_than_asked_nor_longer_than_what_remains(
    attempt: int, asked: float | None, remaining: float, draw: float
) -> None:
    wait = RetryPolicy(lambda: draw, attempts=10_001).delay(attempt, failure(asked=asked), remaining)
    if wait is not None:
        assert (asked or 0.0) <= wait < remaining
        assert wait <= 180.0


def test_it_is_what_the_engine_asks_for() -> None:
    retries: Retries = policy()
    assert retries.delay(1, failure(), 10.0) == 0.25
