"""The arithmetic of money."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest

from lib.streaming.pricing import FREE, MOST, NANO, Price, cost_of, dollars, nano_dollars, total_cost
from lib.streaming.types import NanoDollars, Usage

#: 2.50, 0.25 and 10 dollars for a million tokens.
PRICE = Price(2_500_000_000, 10_000_000_000, 250_000_000)


@pytest.mark.parametrize(
    ("usage", "price", "cost"),
    [
        (Usage(0, 0, 0), PRICE, 0),
        (Usage(1_000_000, 1_000_000, 2_000_000), FREE, 0),
        (Usage(1_000_000, 0, 1_000_000), PRICE, 2_500_000_000),
        (Usage(0, 1_000_000, 1_000_000), PRICE, 10_000_000_000),
        (Usage(12, 34, 46), PRICE, 12 * 2_500 + 34 * 10_000),
        (Usage(100, 0, 100, cached_input_tokens=40), PRICE, 60 * 2_500 + 40 * 250),
        (Usage(100, 0, 100, cached_input_tokens=40), Price(2_500_000_000, 0), 100 * 2_500),
        # Reasoning is in the output already.
        (Usage(0, 10, 10, reasoning_tokens=9), PRICE, 10 * 10_000),
        # What cannot be: more from the cache than there was, and less than nothing.
        (Usage(10, 0, 10, cached_input_tokens=11), PRICE, 10 * 250),
        (Usage(10, 0, 10, cached_input_tokens=-1), PRICE, 10 * 2_500),
        # Half a nano-dollar is rounded up, less is not.
        (Usage(1, 0, 1), Price(500_000, 0), 1),
        (Usage(1, 0, 1), Price(499_999, 0), 0),
        (Usage(1 << 62, 0, 1 << 62), PRICE, None),
    ],
)
def test_an_attempt_costs_its_tokens_times_their_price(usage: Usage, price: Price, cost: int | None) -> None:
    assert cost_of(usage, price) == cost


def test_a_cost_is_the_exact_one_rounded_once() -> None:
    rng = random.Random(7)
    for _ in range(2_000):
        given, made = rng.randrange(2_000_000), rng.randrange(200_000)
        cached = rng.randrange(given + 1)
        price = Price(rng.randrange(100 * NANO), rng.randrange(100 * NANO), rng.randrange(100 * NANO))
        cost = cost_of(Usage(given, made, given + made, cached_input_tokens=cached), price)
        parts = ((given - cached, price.input), (cached, price.cached_input or 0), (made, price.output))
        exact = Fraction(sum(tokens * nano for tokens, nano in parts), 1_000_000)
        assert isinstance(cost, int)
        assert abs(Fraction(cost) - exact) <= Fraction(1, 2)
        assert 0 <= cost <= MOST


@pytest.mark.parametrize(
    ("parts", "total"), [((), 0), ((1, 2), 3), ((1, None, 2), None), ((0, None), None), ((MOST, MOST), 2 * MOST)]
)
def test_a_sum_is_unknown_as_soon_as_a_part_is(parts: tuple[int | None, ...], total: int | None) -> None:
    assert total_cost(None if part is None else NanoDollars(part) for part in parts) == total


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"), (1, "0.000000001"), (4_200_000, "0.0042"), (NANO, "1"), (100 * NANO, "100"),
        (123_456_789_012_345_678, "123456789.012345678"),
    ],
)  # fmt: skip
def test_money_is_exact_text_and_comes_back(nano: int, text: str) -> None:
    assert (dollars(nano), nano_dollars(Decimal(text))) == (text, nano)


def test_an_amount_below_a_nano_dollar_is_none() -> None:
    with pytest.raises(ValueError, match=r"0\.0000000001|1E-10"):
        nano_dollars(Decimal("0.0000000001"))
