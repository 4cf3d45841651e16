"""What the machine kept from a process, of threads that come and go."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.invariants import stolen_time
from tests.support.invariants.stolen_time import StolenTime


class Kernel:
    """Tells what each thread of the process has waited, and of a machine that is nobody else's."""

    def __init__(self, directory: Path) -> None:
        self.threads = directory / "task"
        self.threads.mkdir()
        self.machine = directory / "stat"
        self.machine.write_text("cpu  1 2 3 4 5 6 7 0 9 10\n")

    def tell(self, thread: str, waited_seconds: int) -> None:
        (self.threads / thread).mkdir(exist_ok=True)
        (self.threads / thread / "schedstat").write_text(f"1 {waited_seconds * 10**9} 1\n")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(stolen_time, "_THREADS", kernel.threads)
    monkeypatch.setattr(stolen_time, "_MACHINE", kernel.machine)
    return kernel


def test_it_is_what_the_threads_have_waited_since(kernel: Kernel) -> None:
    kernel.tell("1", 5)
    stolen = StolenTime()
    assert stolen.seconds == 0
    kernel.tell("1", 7)
    kernel.tell("2", 1)
    assert stolen.seconds == 3


def test_a_thread_that_has_ended_takes_nothing_back(kernel: Kernel) -> None:
    kernel.tell("1", 5)
    kernel.tell("2", 60)
    stolen = StolenTime()
    shutil.rmtree(kernel.threads / "2")
    kernel.tell("1", 6)
    assert stolen.seconds == 1


def test_nor_does_another_that_has_its_number_now(kernel: Kernel) -> None:
    kernel.tell("1", 60)
    stolen = StolenTime()
    kernel.tell("1", 1)
    assert stolen.seconds == 0


def test_what_a_host_gives_to_others_counts(kernel: Kernel) -> None:
    stolen = StolenTime()
    kernel.machine.write_text(f"cpu  1 2 3 4 5 6 7 {2 * stolen_time._JIFFIES} 9 10\n")
    assert stolen.seconds == 2
