"""Processes that begin where importing ends: `python -m tests.support.fork_server <descriptor>` is asked for them.

A node computes for two seconds to import what it runs, and tests start hundreds of them. One process of a test run
imports it once and forks whenever it is asked. What it makes is a process like any other: signals, kill -9, memory,
descriptors and exit code are its own.
"""

from __future__ import annotations

import gc
import os
import select
import signal
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

import msgspec

#: All that a node imports sooner or later.
IMPORTED = (
    "app.asgi",
    "app.cli.greeting_server",
    "app.cli.serve",
    "app.cli.worker",
    "app.db.migrate",
    "app.http.telemetry",
    "lib.streaming.providers.openai",
    "openai.resources",
    "tests.support.invariants.observed_server",
)
MOST_BYTES = 1 << 16
DESCRIPTORS = 3


class Order(msgspec.Struct, frozen=True):
    """A command of `assistant-architect` with its whole environment.

    Three descriptors come with it: where it writes, where it is observed from, and where its exit code is told, as a line.
    The answer is its process id, as a line.
    """

    arguments: list[str]
    environment: dict[str, str]


class ForkServer:
    """Forks a node for every order that comes over `orders`, until the other end is closed; then kills them all."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._told: dict[int, socket.socket] = {}
        self._signalled, self._wake = os.pipe()
        for end in (self._signalled, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        while True:
            ready, _, _ = select.select([self._orders.fileno(), self._signalled], [], [])
            if self._signalled in ready:
                os.read(self._signalled, 4096)
                self._reap()
            if self._orders.fileno() in ready and not self._take():
                break
        for pid in self._told:
            os.kill(pid, signal.SIGKILL)

    def _take(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._orders, MOST_BYTES, DESCRIPTORS)
        while message and not message.endswith(b"\n"):
            message += self._orders.recv(MOST_BYTES)
        if not message:
            return False
        order = msgspec.json.decode(message, type=Order)
        log, observer, told = descriptors
        with socket.socket(fileno=told) as teller:
            pid = os.fork()
            if pid == 0:
                self._forget()
                teller.close()
                _become(order, log, observer)
            os.close(log)
            os.close(observer)
            self._told[pid] = teller.dup()
        self._orders.sendall(b"%d\n" % pid)
        return True

    def _reap(self) -> None:
        for pid in list(self._told):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                with self._told.pop(pid) as teller, suppress(BrokenPipeError):
                    teller.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))

    def _forget(self) -> None:
        """A node has none of what is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._orders.close()
        for end in (self._signalled, self._wake):
            os.close(end)
        for teller in self._told.values():
            teller.close()


def _become(order: Order, log: int, observer: int) -> NoReturn:
    """Run the command as if it had just been started; never return."""
    from tests.support.invariants.observed_server import run

    for standard in (1, 2):
        os.dup2(log, standard)
    os.close(log)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(order.environment)
    code = 1
    try:
        run(order.arguments, observer)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 -- told as Python tells it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _warm_up() -> None:
    """Build an application that nobody opens: the first one of a process costs more than the next.

    Not over SQLite, which begins threads at once; a fork has none of them.
    """
    from app.asgi import create_app
    from app.settings import Settings
    from tests.support.warm import read_signatures

    read_signatures()
    with tempfile.TemporaryDirectory() as directory:
        database = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
        create_app(Settings.load({"AA_DATA_DIR": directory, "AA_DATABASE_URL": database, "AA_LOCAL_MODEL": "off"}))
    assert threading.active_count() == 1


if __name__ == "__main__":
    for name in IMPORTED:
        import_module(name)
    _warm_up()
    gc.collect()
    gc.freeze()
    ForkServer(socket.socket(fileno=int(sys.argv[1]))).serve()
