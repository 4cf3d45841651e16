"""One meaning for the two ways in which files say that prompts run together."""

from __future__ import annotations

from collections.abc import Sequence


def regrouped(positions: Sequence[int], groups: Sequence[int | str | None]) -> list[int]:
    """The positions after prompts that share a group moved to the lowest position among them."""
    lowest: dict[int | str, int] = {}
    for position, group in zip(positions, groups, strict=True):
        if group is not None:
            lowest[group] = min(position, lowest.get(group, position))
    return [position if group is None else lowest[group] for position, group in zip(positions, groups, strict=True)]
