"""Moves committed pages from the write-ahead log into the database file, away from the writer.

With SQLite's own automatic checkpoint a COMMIT pays for two fsyncs every thousand pages. Here a thread of its own
pays. A passive checkpoint never blocks the writer, but under constant load never lets the log start over either,
so a log grown past a bound is restarted: that takes the write lock for the few pages the passive one left.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
#: Pages (4 KiB each) in the log above which it is restarted: 64 MiB.
RESTART_PAGES = 16_384


class Checkpointer:
    """`connect` opens the connection to use; it is closed with the checkpointer."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        interval_seconds: float = INTERVAL_SECONDS,
        restart_pages: int = RESTART_PAGES,
    ) -> None:
        self._connection = connect()
        self._interval = interval_seconds
        self._restart_pages = restart_pages
        self._wrote = False
        #: Whether it is at work now: a commit may have to wait for its fsync.
        self.active = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sqlite-checkpoint", daemon=True)
        self._thread.start()

    def note_write(self) -> None:
        """There is something to move now. Cheap; called after each write."""
        self._wrote = True

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while not self._stop.wait(self._interval):
            if self._wrote:
                self._wrote = False
                self.active = True
                self._checkpoint()
                self.active = False

    def _checkpoint(self) -> None:
        try:
            _, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > self._restart_pages:
                self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        except sqlite3.OperationalError as error:
            # Nothing is lost: the pages stay in the log and the next round tries again.
            log.warning("checkpoint failed, trying again: %s", error)
