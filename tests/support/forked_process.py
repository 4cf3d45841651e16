"""A node's process, made by the one fork server of this test process."""

from __future__ import annotations

import atexit
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from tests.support.fork_server import Order

ROOT = Path(__file__).parents[2]


class ForkedProcess:
    """A command of `assistant-architect` that writes to `log` and answers its observer on `observed`."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: BinaryIO, observed: socket.socket
    ) -> None:
        self._told, theirs = socket.socketpair()
        with theirs:
            self.pid = _forked(arguments, environment, [log.fileno(), observed.fileno(), theirs.fileno()])
        self._code: int | None = None

    @property
    def runs(self) -> bool:
        if self._code is not None:
            return False
        # Not `select`, which knows no descriptor above 1,023: a crowd has more connections than that.
        poll = select.poll()
        poll.register(self._told, select.POLLIN)
        return not poll.poll(0)

    def send_signal(self, number: int) -> None:
        """Nothing happens to one that has ended."""
        if self.runs:
            os.kill(self.pid, number)

    def wait(self) -> int:
        """Its exit code, once it has ended; negative if a signal ended it."""
        if self._code is None:
            with self._told:
                self._code = int(self._told.recv(16))
        return self._code


def _forked(arguments: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]) -> int:
    server = _fork_server()
    order = msgspec.json.encode(Order(list(arguments), dict(environment))) + b"\n"
    sent = socket.send_fds(server, [order], descriptors)
    server.sendall(order[sent:])
    return int(server.recv(16))


@cache
def _fork_server() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())]
        server = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])

    @atexit.register
    def _() -> None:
        ours.close()
        server.wait()

    return ours
