"""The descriptors a process holds for itself."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_PROCESSES = Path("/proc")
#: In the kernel's tables of sockets: where the state and the number stand, and what "connected" is.
_TABLES = (("tcp", 3, 9, "01"), ("tcp6", 3, 9, "01"), ("unix", 5, 6, "03"))


def own_descriptors(pid: int) -> int:
    """All but established connections: those are the peer's to close, and a peer that closed has left that state.

    Connections through a Unix socket count as established as long as they are open: a pool of them may grow.
    """
    if not _PROCESSES.exists():
        process = psutil.Process(pid)
        return process.num_fds() - _states(process)[psutil.CONN_ESTABLISHED]
    held = list(_held(pid))
    return len(held) - _connected(pid, {name[8:-1] for name in held if name.startswith("socket:[")})


def described(pid: int) -> str:
    """Connections by state and the files that are open, for a reader who looks for a leak."""
    process = psutil.Process(pid)
    files = Counter(file.path for file in process.open_files())
    return f"{process.num_fds()} in all; connections: {dict(_states(process))}; files: {dict(files)}"


def _held(pid: int) -> Iterable[str]:
    for entry in os.scandir(_PROCESSES / str(pid) / "fd"):
        # The one that lists the others is gone by now.
        with suppress(OSError):
            yield str(Path(entry.path).readlink())


def _connected(pid: int, sockets: set[str]) -> int:
    """How many of these sockets, by number, have somebody at the other end."""
    connected = 0
    for table, state_at, number_at, state in _TABLES:
        for line in (_PROCESSES / str(pid) / "net" / table).read_text().splitlines()[1:]:
            parts = line.split()
            connected += parts[state_at] == state and parts[number_at] in sockets
    return connected


def _states(process: psutil.Process) -> Counter[str]:
    return Counter(connection.status for connection in process.net_connections("tcp"))
