"""Where a template stands while it renders: the names in sight, the innermost loop, the page, the allowance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from lib.streaming.prompt_template.limits import MAX_TEXT, READ, STEP
from lib.streaming.prompt_template.work import Work, too_long
from lib.streaming.types import Value

#: What `loop.<name>` says of the item's number, from 0, and the count of all.
LOOP_FACTS: Final[Mapping[str, Callable[[int, int], Value]]] = MappingProxyType(
    {
        "first": lambda number, _: number == 0,
        "index": lambda number, _: number + 1,
        "index0": lambda number, _: number,
        "last": lambda number, count: number == count - 1,
        "length": lambda _, count: count,
    }
)


class Page:
    """The text so far. Raises TemplateError before it passes what a prompt may hold."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._pieces: list[str] = []
        self._size = 0

    def add(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_TEXT:
            raise too_long()
        self._work.spend(STEP + len(text) * READ)
        self._pieces.append(text)

    def text(self) -> str:
        return "".join(self._pieces)


class Frame:
    """Names of one loop, or of the whole template; `outer` holds the rest. `loop` is the item's number and their count."""

    __slots__ = ("loop", "names", "outer", "page", "work")

    def __init__(self, names: dict[str, Value], page: Page, work: Work, outer: Frame | None = None) -> None:
        self.names = names
        self.page = page
        self.work = work
        self.outer = outer
        self.loop: tuple[int, int] | None = outer.loop if outer is not None else None

    def inner(self) -> Frame:
        return Frame({}, self.page, self.work, self)

    def bind(self, names: dict[str, Value]) -> bool:
        self.names = names
        return True

    def value(self, name: str) -> Value:
        scope: Frame | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        raise KeyError(name)


Expression: TypeAlias = Callable[[Frame], Value]
Statement: TypeAlias = Callable[[Frame], None]
