"""`python -m bench.inside start|paced|replay|idle [--postgres]`: our server under a probe, as short tables.

A profile makes every call dearer, small ones most: look at shares, not at sums. Where others use the machine,
`chrt -f 10 python -m bench.inside …` keeps them out of the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.client import raise_file_limit
from bench.inside.loads import names
from bench.inside.looks import look
from bench.our_servers import on_postgres, on_sqlite
from bench.rig import open_rig

OUT = Path(__file__).parents[1] / "out"


async def run(name: str, *, postgres: bool) -> str:
    """The tables of one load."""
    async with open_rig(OUT, with_postgres=postgres) as rig:
        return await look(rig, name, on_postgres if postgres else on_sqlite)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.inside", description=__doc__)
    parser.add_argument("load", choices=names())
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    asked = parser.parse_args(arguments)
    raise_file_limit()
    print(asyncio.run(run(asked.load, postgres=asked.postgres)))


if __name__ == "__main__":
    main(sys.argv[1:])
