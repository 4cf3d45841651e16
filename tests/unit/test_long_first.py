"""The order of tests.support.long_first_plugin."""

from __future__ import annotations

import pytest

from tests.support.long_first_plugin import long_first

LONG = [f"tests/integration/test_flow_{flow}.py::test_{test}" for flow in "abc" for test in range(2)]
SHORT = [f"tests/unit/api/test_{module}.py::test_{test}" for module in "abcde" for test in range(5)]


@pytest.mark.parametrize("shares", [1, 2, 3, 4])
@pytest.mark.parametrize("tests", [[], LONG, SHORT, SHORT + LONG, SHORT[:7] + LONG[:3] + SHORT[7:]])
def test_every_test_runs_once(tests: list[str], shares: int) -> None:
    assert sorted(long_first(tests, shares)) == list(range(len(tests)))


def test_each_of_equal_shares_begins_with_whole_modules_of_long_tests() -> None:
    tests = SHORT[:8] + LONG + SHORT[8:]
    order = [tests[index] for index in long_first(tests, 3)]
    shares = [order[:10], order[10:20], order[20:]]
    assert [share[:2] for share in shares] == [LONG[:2], LONG[2:4], LONG[4:]]
    assert [test for share in shares for test in share[2:]] == SHORT


def test_more_long_tests_than_a_share_holds_do_not_displace_the_others() -> None:
    tests = LONG * 3 + SHORT[:1]
    order = [tests[index] for index in long_first(tests, 2)]
    assert order[-1] == SHORT[0]
