"""The descriptors a process holds for itself."""

from __future__ import annotations

from collections import Counter

import psutil


def own_descriptors(pid: int) -> int:
    """All but established connections: those are the peer's to close, and a peer that closed has left that state."""
    process = psutil.Process(pid)
    states = _states(process)
    return process.num_fds() - states[psutil.CONN_ESTABLISHED]


def described(pid: int) -> str:
    """Connections by state and the files that are open, for a reader who looks for a leak."""
    process = psutil.Process(pid)
    files = Counter(file.path for file in process.open_files())
    return f"{process.num_fds()} in all; connections: {dict(_states(process))}; files: {dict(files)}"


def _states(process: psutil.Process) -> Counter[str]:
    return Counter(connection.status for connection in process.net_connections("tcp"))
