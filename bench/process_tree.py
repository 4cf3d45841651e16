"""CPU time and memory of a process and its descendants, from Linux's /proc."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def members(pid: int) -> list[int]:
    """The process and everything it started that still runs."""
    found = [pid]
    for at in found:
        found.extend(_children(at))
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children.extend(int(child) for child in task.read_text().split())
    return children


def cpu_seconds(pid: int) -> float:
    """User and system time of the whole tree, what has ended in it included, in steps of one clock tick (10 ms)."""
    return sum(_cpu_ticks(member) for member in members(pid)) / _TICKS


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        # It ended meanwhile; its parent has its time, or soon will.
        return 0
    # Its own time, and that of the children it has waited for.
    return sum(int(field) for field in fields[11:15])


def resident_bytes(pid: int) -> int:
    """Resident memory of the whole tree."""
    return sum(_resident_pages(member) for member in members(pid)) * _PAGE


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
