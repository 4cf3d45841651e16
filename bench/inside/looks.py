"""A look inside as text: which load on which database, and the tables of what was found."""

from __future__ import annotations

from bench.inside.cpu_table import CpuProfile
from bench.inside.loads import LOADS, Serve, Sizes
from bench.inside.memory_table import MemoryGrowth
from bench.inside.sample_table import CpuSamples
from bench.our_servers import on_postgres, on_sqlite
from bench.rig import Rig

_TITLES = {
    "start": "One execution after the other, one token each",
    "paced": "50 streams at 20 tokens a second",
    "replay": "500 clients that come back at once to 1,000 events",
    "idle": "Streams that had one token and wait: what Python allocated for them",
}


async def look(rig: Rig, name: str, serve: Serve, sizes: Sizes | None = None) -> str:
    """Both tables of one load: packages, then functions or lines."""
    # A profile of calls does not survive the greenlets of PostgreSQL's statements.
    default = Sizes(probe="samples") if serve is on_postgres else Sizes()
    found = await LOADS[name](rig, serve, sizes or default)
    if isinstance(found, CpuProfile | CpuSamples):
        return f"{found.rooms()}\n\n{found.dearest()}"
    assert isinstance(found, MemoryGrowth)
    return f"{found.rooms()}\n\n{found.lines()}"


async def all_looks(rig: Rig, *, postgres: bool = False) -> list[tuple[str, str]]:
    """Title and tables of every load, on SQLite or PostgreSQL; a load that fails says so in its place."""
    serve, where, option = (on_postgres, " on PostgreSQL", " --postgres") if postgres else (on_sqlite, "", "")
    looks = []
    for name, title in _TITLES.items():
        try:
            tables = await look(rig, name, serve)
        except Exception as error:  # noqa: BLE001 - the figures before it must not be lost
            tables = f"not measured: {type(error).__name__}: {error}"
        looks.append((f"{title}{where} (`python -m bench.inside {name}{option}`)", tables))
    return looks
