"""The measured part of docs/performance.md; the prose around its two marks stays."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.bars import Verdict
from bench.sample import Figures
from bench.tables import fault_table, figure_table, growth_table, variant_table, verdict_table

BEGIN = "<!-- bench: begin, written by `make bench` -->"
END = "<!-- bench: end -->"
_PACKAGES = ("uvloop", "uvicorn", "litestar", "aiohttp", "sqlalchemy", "fastapi", "sse-starlette", "openai")


class Circumstances(msgspec.Struct, frozen=True):
    """When, on what, and by which command."""

    date: str
    command: str
    machine: str
    load: str
    software: str

    @classmethod
    def now(cls, date: str, command: str) -> Circumstances:
        """What this machine says of itself; the load average is that before the run."""
        software = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
        load = "/".join(f"{value:.1f}" for value in os.getloadavg())
        return cls(date, command, _machine(), load, f"Python {platform.python_version()}, {_node()}, {software}")

    def sentence(self) -> str:
        """All of it, for a reader."""
        return (
            f"Measured {self.date} by `{self.command}` on {self.machine}; load average before the run {self.load}. "
            f"{self.software}. Commit {_commit()}."
        )


def section(figures: Figures, verdicts: Sequence[Verdict], circumstances: Circumstances) -> str:
    """Everything between the marks."""
    parts = [
        BEGIN,
        circumstances.sentence(),
        verdict_table(verdicts),
        "Medians [lowest-highest of the rounds]:",
        figure_table(figures),
        "Ours without its log (text is sent, not stored, and waits for nothing), and watched from another node:",
        variant_table(figures),
    ]
    if figures.steps:
        parts += ["Growth: CPU µs a token, p50 and p99 of its latency in ms.", growth_table(figures.steps)]
    if figures.told:
        parts += ["What the client is told when the upstream misbehaves after 6 of 12 tokens:", fault_table(figures)]
    for title, tables in figures.inside:
        parts += [f"### {title}", tables]
    if notes := figures.notes():
        parts.append("Notes:\n\n" + "\n".join(f"* {note}" for note in notes))
    return "\n\n".join([*parts, END]) + "\n"


def put_into(document: Path, section: str) -> None:
    """Replace what stands between the marks, or add it at the end."""
    text = document.read_text() if document.exists() else "# Performance\n"
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and not end:
        raise ValueError(f"{document} has the mark {BEGIN!r} but not {END!r}")
    document.write_text((before if begin else before.rstrip() + "\n\n") + section.rstrip() + (after or "\n"))


def _machine() -> str:
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return f"{os.cpu_count()} x {cpu}, {int(memory) // 1024 // 1024} GiB, {platform.system()} {platform.release()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _version(package: str) -> str:
    return version(package)


def _node() -> str:
    return f"Node {_output(['node', '--version'])}"


def _commit() -> str:
    return _output(["git", "rev-parse", "--short", "HEAD"])


def _output(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "none"
