"""What is wrong with a configuration, all of it at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class SettingProblem(msgspec.Struct, frozen=True):
    """One setting that cannot be used. `shown` is its value, masked if it is a secret; None if it has none."""

    variable: str
    shown: str | None
    wrong: str
    right: str

    def __str__(self) -> str:
        value = "" if self.shown is None else f"={self.shown}"
        return f"{self.variable}{value}: {self.wrong}; {self.right}"


class SettingsError(Exception):
    """The configuration cannot be used; the message lists every problem, one a line."""

    def __init__(self, problems: Sequence[SettingProblem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = (f"  {problem}" for problem in self.problems)
        super().__init__("\n".join((f"The configuration has {count}:", *lines)))
