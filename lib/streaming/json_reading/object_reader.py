"""One JSON object, read member by member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.problem_list import ProblemList
from lib.streaming.json_reading.wording import json_kind, listed, shown, suggestion

Choice = TypeVar("Choice", bound=StrEnum)
Kind = TypeVar("Kind")

#: Unknown members of one object that are named one by one; an object of a million keys is not answered with as many.
_NAMED_UNKNOWN = 20


class ObjectReader:
    """Reads the members of one object; what is wrong goes to `problems`, and the reading goes on with a default.

    An absent member and one that is null are the same. `finish` reports the members nobody asked for.
    """

    def __init__(self, members: Mapping[str, object], path: str, problems: ProblemList) -> None:
        self.path = path
        self.problems = problems
        self._members = members
        self._asked: set[str] = set()

    @classmethod
    def of(cls, value: object, path: str, problems: ProblemList) -> ObjectReader | None:
        """The reader of a value that may be no object at all; then that is the problem."""
        if isinstance(value, dict):
            return cls(value, path, problems)
        message = f"This must be an object, not {json_kind(value)}."
        problems.add(path, ProblemCode.WRONG_TYPE, message)
        return None

    def has(self, key: str) -> bool:
        return self._members.get(key) is not None

    def value(self, key: str) -> object:
        self._asked.add(key)
        return self._members.get(key)

    def problem(self, key: str, code: ProblemCode, message: str) -> None:
        self.problems.add(self.below(key), code, message)

    def below(self, key: str) -> str:
        """The path of a member."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str, most: int, *, required: bool = False) -> str:
        """Text of at most `most` characters; empty when it is absent or wrong. Required text is more than spaces."""
        value = self._typed(key, str, "text", required=required)
        if value is None:
            return ""
        if required and not value.strip():
            self.problem(key, ProblemCode.MISSING, f"'{key}' must not be empty.")
        self._check_text(key, value, most)
        return value

    def whole(self, key: str, least: int, most: int, *, required: bool = False) -> int | None:
        value = self._number(key, "a whole number", required=required)
        if value is None or not self._in_range(key, value, least, most):
            return None
        if value != int(value):
            self.problem(key, ProblemCode.WRONG_TYPE, f"'{key}' must be a whole number, not {value:g}.")
            return None
        return int(value)

    def number(self, key: str, least: float, most: float) -> float | None:
        value = self._number(key, "a number")
        return value if value is not None and self._in_range(key, value, least, most) else None

    def seconds(self, key: str, most: float) -> float | None:
        """A time above zero."""
        value = self._number(key, "a number of seconds")
        if value is None or 0 < value <= most:
            return value
        self.problem(key, ProblemCode.OUT_OF_RANGE, f"'{key}' must be above 0 and at most {most:g} seconds.")
        return None

    def flag(self, key: str) -> bool:
        return self._typed(key, bool, "true or false") is True

    def one_of(self, key: str, choices: type[Choice], *, required: bool = False) -> Choice | None:
        value = self._typed(key, str, "text", required=required)
        known = [choice.value for choice in choices]
        if value is None or value in known:
            return None if value is None else choices(value)
        advice = suggestion(value, known, f"It is one of: {listed(known)}.")
        self.problem(key, ProblemCode.INVALID_CHOICE, f"'{shown(value)}' is no '{key}'. {advice}")
        return None

    def nested(self, key: str) -> ObjectReader:
        """The member as an object; an empty one when it is absent or wrong."""
        members = self._typed(key, dict, "an object")
        return ObjectReader(members or {}, self.below(key), self.problems)

    def nested_list(self, key: str, least: int, most: int) -> list[ObjectReader]:
        """The objects of a list, of the first `most` items."""
        items = enumerate(self._items(key, least, most))
        readers = [ObjectReader.of(item, f"{self.below(key)}[{index}]", self.problems) for index, item in items]
        return [reader for reader in readers if reader is not None]

    def texts(self, key: str, most: int, most_characters: int) -> tuple[str, ...]:
        found: list[str] = []
        for index, item in enumerate(self._items(key, 0, most)):
            place = f"{key}[{index}]"
            if isinstance(item, str):
                self._check_text(place, item, most_characters)
                found.append(item)
            else:
                self.problem(place, ProblemCode.WRONG_TYPE, f"This must be text, not {json_kind(item)}.")
        return tuple(found)

    def text_map(self, key: str, most: int, most_characters: int) -> dict[str, str]:
        """An object whose members are all text, of the first `most` members."""
        members = self._typed(key, dict, "an object") or {}
        if len(members) > most:
            self.problem(key, ProblemCode.TOO_MANY, f"'{key}' has {len(members)} members; {most} are allowed.")
        reader = self.nested(key)
        return {name: reader.text(name, most_characters, required=True) for name in islice(members, most)}

    def finish(self) -> None:
        if self.problems.full:
            return
        unknown = [key for key in self._members if key not in self._asked]
        known = sorted(self._asked)
        for key in unknown[:_NAMED_UNKNOWN]:
            advice = suggestion(key, known, f"Known here: {listed(known)}.")
            self.problem(shown(key), ProblemCode.UNKNOWN_KEY, f"Nothing is called '{shown(key)}' here. {advice}")
        if len(unknown) > _NAMED_UNKNOWN:
            message = f"{len(unknown) - _NAMED_UNKNOWN} more members are unknown here."
            self.problems.add(self.path, ProblemCode.UNKNOWN_KEY, message)

    def _typed(self, key: str, kind: type[Kind], wanted: str, *, required: bool = False) -> Kind | None:
        value = self.value(key)
        if isinstance(value, kind):
            return value
        self._refuse(key, value, wanted, required=required)
        return None

    def _refuse(self, key: str, value: object, wanted: str, *, required: bool) -> None:
        if value is not None:
            self.problem(key, ProblemCode.WRONG_TYPE, f"'{key}' must be {wanted}, not {json_kind(value)}.")
        elif required:
            self.problem(key, ProblemCode.MISSING, f"'{key}' is missing.")

    def _number(self, key: str, wanted: str, *, required: bool = False) -> float | None:
        value = self.value(key)
        # true and false are numbers to Python, not to the sender.
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
        self._refuse(key, value, wanted, required=required)
        return None

    def _items(self, key: str, least: int, most: int) -> Sequence[object]:
        value = self._typed(key, list, "a list", required=least > 0)
        if value is None:
            return ()
        if len(value) < least:
            self.problem(key, ProblemCode.TOO_FEW, f"'{key}' needs at least {least}.")
        if len(value) > most:
            self.problem(key, ProblemCode.TOO_MANY, f"'{key}' has {len(value)} items; {most} are allowed.")
        return value[:most]

    def _in_range(self, key: str, value: float, least: float, most: float) -> bool:
        # Not-a-number compares false with everything.
        inside = least <= value <= most
        if not inside:
            self.problem(key, ProblemCode.OUT_OF_RANGE, f"'{key}' must be from {least} to {most}.")
        return inside

    def _check_text(self, key: str, value: str, most: int) -> None:
        if len(value) > most:
            message = f"'{key}' has {len(value)} characters; {most} are allowed."
            self.problem(key, ProblemCode.TOO_LONG, message)
        if not well_formed(value):
            message = f"'{key}' holds half a surrogate pair, which is no character. Send it again as UTF-8."
            self.problem(key, ProblemCode.INVALID_TEXT, message)


def well_formed(text: str) -> bool:
    """Whether every character has a UTF-8 form; half of a surrogate pair has none and could not be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
