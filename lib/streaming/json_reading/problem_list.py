"""The problems found so far."""

from __future__ import annotations

from lib.streaming.definition import DefinitionProblem
from lib.streaming.json_reading.problem_code import ProblemCode

#: Data made to be wrong in a million places is not answered with a million problems.
MAX_PROBLEMS = 500


class ProblemList:
    """Keeps problems in the order they are found, up to a number nobody fixes at once."""

    def __init__(self) -> None:
        self.found: list[DefinitionProblem] = []

    @property
    def full(self) -> bool:
        return len(self.found) > MAX_PROBLEMS

    def add(self, path: str, code: str, message: str, line: int | None = None) -> None:
        if self.full:
            return
        if len(self.found) == MAX_PROBLEMS:
            path, code, line = "", ProblemCode.TOO_MANY, None
            message = f"There are more problems; these are the first {MAX_PROBLEMS}."
        self.found.append(DefinitionProblem(path, code, message, line))
