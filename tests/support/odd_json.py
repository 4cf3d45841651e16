"""JSON that nobody means: every odd value in every place of a body that is right."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**30, 1.5, -0.0, 1e308, "", " ", "\0", "\ud800", "x" * 70_000, "a\r\nb", "../..",
    "{{ 7 * 7 }}", "${x}", [], {}, [[]], {"": {}}, ["x"] * 2_000, {"a" * 3_000: 1}, {"__proto__": {}},
)  # fmt: skip

Path = tuple[Any, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, the whole of it first."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def replaced(body: Any, path: Path, value: Any) -> Any:
    """A copy with another value in a place."""
    if not path:
        return value
    body = copy.deepcopy(body)
    parent = body
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return body


def every_odd_one(body: Any) -> Iterator[tuple[str, Any]]:
    """What was put where, and the body with it."""
    for path in places(body):
        for value in ODD_VALUES:
            yield f"{value!r:.40} at {path}", replaced(body, path, value)
