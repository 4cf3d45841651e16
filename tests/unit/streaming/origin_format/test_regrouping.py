"""One meaning for both ways of saying that prompts run together."""

from __future__ import annotations

import pytest

from lib.streaming.origin_format.regrouping import regrouped


@pytest.mark.parametrize(
    ("positions", "groups", "expected"),
    [
        ([0, 1, 1, 2], [None, 1000, 1001, None], [0, 1, 1, 2]),
        ([0, 1, 2, 3], [None, 1, 1, None], [0, 1, 1, 3]),
        ([0, 2, 1, 3], [None, 1, 1, None], [0, 1, 1, 3]),
        ([0, 1, 2, 3], [7, 8, 7, 8], [0, 1, 0, 1]),
        ([0, 1, 1, 2], [None, None, 5, 5], [0, 1, 1, 1]),
        ([5, 5, 9], [None, None, None], [5, 5, 9]),
        ([3, 4], [0, 0], [3, 3]),
        ([], [], []),
    ],
)
def test_prompts_of_a_group_move_to_its_lowest_position(
    positions: list[int], groups: list[int | None], expected: list[int]
) -> None:
    assert regrouped(positions, groups) == expected
