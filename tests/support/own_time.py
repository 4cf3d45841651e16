"""How long something took of this process's own doing, on a machine that others use too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.invariants.stolen_time import StolenTime


class OwnTime:
    """`seconds`: those that passed, without those in which this process was ready and the machine ran something else."""

    seconds = 0.0


@contextmanager
def own_time() -> Iterator[OwnTime]:
    taken = OwnTime()
    began, stolen = time.perf_counter(), StolenTime()
    yield taken
    taken.seconds = time.perf_counter() - began - stolen.seconds
