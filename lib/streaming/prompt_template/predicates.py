"""The tests a template may use after `is`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lib.streaming.prompt_template.problems import Misfit
from lib.streaming.types import Value


def _remainder(value: Value) -> int:
    if not isinstance(value, int):
        raise Misfit("it asks about a whole number; make one with | int")
    return value % 2


#: What is not there never gets as far as `defined` and `undefined`: `expressions` answers for it.
PREDICATES: Final[Mapping[str, Callable[[Value], bool]]] = MappingProxyType(
    {
        "defined": lambda _: True,
        "even": lambda value: _remainder(value) == 0,
        "false": lambda value: value is False,
        "mapping": lambda value: isinstance(value, dict),
        "none": lambda value: value is None,
        "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
        "odd": lambda value: _remainder(value) == 1,
        "sequence": lambda value: isinstance(value, list),
        "string": lambda value: isinstance(value, str),
        "true": lambda value: value is True,
        "undefined": lambda _: False,
    }
)
