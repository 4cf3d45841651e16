"""No test of whole flows starts a server that nobody watches."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FLOWS = Path(__file__).parents[2] / "integration"
#: Ways to a server that is not watched, and who may go them.
UNWATCHED = re.compile(r"\b(Node|running_service|serving|create_subprocess_exec|Popen)\(")
ALLOWED = {
    "test_restart.py": {"running_service"},  # What the first server leaves is the second one's, which is watched.
    "test_lost_clients.py": {"create_subprocess_exec"},  # No server: a client.
    "test_starts.py": {"Popen"},  # Started as a person starts it, without our probe, and asked one thing.
    "test_storage_crash.py": {"create_subprocess_exec"},  # No server: a process that only commits.
    "test_local_model_server.py": {"Popen"},  # No server of ours: the parent of a language model.
}


@pytest.mark.parametrize("file", sorted(FLOWS.rglob("test_*.py")), ids=lambda file: file.name)
def test_its_servers_are_watched(file: Path) -> None:
    assert set(UNWATCHED.findall(file.read_text())) == ALLOWED.get(file.name, set())
