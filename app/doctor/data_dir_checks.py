"""The data directory: whose it is, how much room there is, how long the disk takes."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

from app.doctor.finding import Finding, fail, ok, warn

CHECK = "data directory"
MIB = 1024 * 1024
LOW_MIB, FULL_MIB = 1024, 100
SYNCS = 5
SLOW_SECONDS = 0.02


def check_data_dir(directory: Path) -> Iterator[Finding]:
    yield _rights(directory)
    yield _room(shutil.disk_usage(directory).free // MIB)
    yield disk(_fsync_seconds(directory))


def _rights(directory: Path) -> Finding:
    if directory.stat().st_mode & 0o077:
        return warn(CHECK, f"others can look into {directory}", f"chmod 700 {directory}")
    return ok(CHECK, f"{directory}, for its owner only")


def _room(free_mib: int) -> Finding:
    if free_mib < FULL_MIB:
        return fail("disk space", f"{free_mib} MiB free", "make room: without it nothing can be stored")
    if free_mib < LOW_MIB:
        return warn("disk space", f"{free_mib} MiB free", "make room, or set AA_RETENTION_CONTENT_DAYS")
    return ok("disk space", f"{free_mib // 1024} GiB free")


def disk(seconds: float) -> Finding:
    found = f"an fsync takes {seconds * 1000:.1f} ms"
    if seconds > SLOW_SECONDS:
        return warn("disk", found, "use a faster disk: checkpoints, and commits with FULL, wait for it")
    return ok("disk", found)


def _fsync_seconds(directory: Path) -> float:
    took = []
    with TemporaryFile(dir=directory) as file:
        for _ in range(SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return median(took)
