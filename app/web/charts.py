"""Charts as geometry: templates draw them as inline SVG, whose colours come from the sheet."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

#: Units of the drawing; it is stretched to the place it has.
HEIGHT = 100.0
STEP = 10.0
GAP = 2.0


class Bar(msgspec.Struct, frozen=True):
    """One column: `upper` stands on `lower`. `label` tells its figures in words."""

    x: float
    lower: float
    upper: float
    label: str

    @property
    def width(self) -> float:
        return STEP - GAP


class Bars(msgspec.Struct, frozen=True):
    bars: tuple[Bar, ...]
    most: int

    @property
    def width(self) -> float:
        return STEP * max(len(self.bars), 1)


def bars(columns: Sequence[tuple[int, int, str]]) -> Bars:
    """Of each column the lower part, the upper part and what to call it; the highest fills the drawing."""
    most = max((lower + upper for lower, upper, _ in columns), default=0)
    scale = HEIGHT / most if most else 0.0
    drawn = tuple(
        Bar(round(index * STEP + GAP / 2, 2), round(lower * scale, 2), round(upper * scale, 2), label)
        for index, (lower, upper, label) in enumerate(columns)
    )
    return Bars(drawn, most)


def share(value: int, most: int) -> float:
    """A length out of 100; what there is at all can be seen."""
    return max(round(100 * value / most, 2), 1.0) if value and most else 0.0
