"""Which part of the whole a line of code belongs to."""

from __future__ import annotations

import re
import sysconfig
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_STANDARD = sysconfig.get_path("stdlib")
_THIRD_PARTY = re.compile(r"/site-packages/([^/]+)")
_EXTENSIONS = re.compile(r"\b(sqlite3|uvloop|httptools)\b")
#: Of our own code, rooms of this depth are told apart.
_OURS = re.compile(r"(app/\w+|lib/streaming/\w+)")
_SPELLED = {"_pytest": "pytest"}


def room_of(file: str) -> str:
    """The package of a file: a room of ours, a library, or a part of Python."""
    if found := _THIRD_PARTY.search(file):
        return found[1].removesuffix(".py")
    if file.startswith(str(_ROOT)):
        found = _OURS.search(file[len(str(_ROOT)) :])
        return found[1].removesuffix(".py") if found else "ours, the rest"
    if "/asyncio/" in file:
        return "asyncio"
    return "Python" if file.startswith((_STANDARD, "<")) else "the rest"


def room_of_builtin(name: str) -> str | None:
    """The library behind a C function, where it is one to be told apart; None: it counts for its caller."""
    found = _EXTENSIONS.search(name)
    return f"{found[1]} (C)" if found else None


def is_ours(file: str) -> bool:
    return _THIRD_PARTY.search(file) is None and file.startswith(str(_ROOT))


def short(file: str) -> str:
    """A file as its repository, its package or Python's own library names it, wherever it lies."""
    if "/site-packages/" in file:
        return file.partition("/site-packages/")[2]
    if file.startswith(f"{_STANDARD}/"):
        return f"python/{file.removeprefix(f'{_STANDARD}/')}"
    return file.removeprefix(f"{_ROOT}/")
