"""`python -m bench.run [--quick] [--targets A,C,E,ours,ours-pg]`: measure, print, write docs/performance.md.

All servers stay up for the whole run, each on core 0, and are loaded in turn; upstream and client share core 1.
PostgreSQL runs where there is room.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from bench import target as targets
from bench.bars import EMIT_ONLY, EMIT_ONLY_POSTGRES, POSTGRES, SQLITE, judge
from bench.client import raise_file_limit
from bench.course import Course
from bench.inside.looks import all_looks
from bench.our_servers import EMIT_ONLY_SERVE, on_postgres, on_sqlite
from bench.ours import Ours
from bench.report import Circumstances, put_into, section
from bench.rig import Rig, open_rig
from bench.sample import Figures
from bench.server_process import StartFailed
from bench.sizes import FULL, QUICK, Sizes
from bench.target import Place, Target

T = TypeVar("T", bound=Target)

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "performance.md"
Opener: TypeAlias = Callable[[Place], AbstractAsyncContextManager[T]]
SERVERS: Mapping[str, Opener[Target]] = {
    "A": targets.byte_pump,
    "C": targets.fastapi,
    "E": targets.ai_sdk,
    SQLITE: on_sqlite,
    POSTGRES: on_postgres,
}
#: By the server that each is a variant of.
VARIANTS: Mapping[str, Opener[Ours]] = {
    SQLITE: partial(on_sqlite, name=EMIT_ONLY, command=EMIT_ONLY_SERVE),
    POSTGRES: partial(on_postgres, name=EMIT_ONLY_POSTGRES, command=EMIT_ONLY_SERVE),
}


async def measure(names: Sequence[str], sizes: Sizes) -> Figures:
    """Every metric of every target that can be started."""
    figures = Figures()
    task = asyncio.current_task()
    assert task is not None
    # Whoever ends the run ends the servers it started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with open_rig(HERE / "out", with_postgres=POSTGRES in names) as rig:
        async with contextlib.AsyncExitStack() as stack:
            servers = [await _started(stack, rig, name, SERVERS[name], figures) for name in names]
            variants = [
                await _started(stack, rig, f"{name} without its log", VARIANTS[name], figures)
                for name in names
                if name in VARIANTS
            ]
            floor = targets.direct(rig.place)
            await Course(rig, sizes, floor, _present(servers), _present(variants), figures, _say).run()
        for name in (SQLITE, POSTGRES):
            if sizes.inside and name in names:
                _say(f"looks inside {name}")
                figures.inside.extend(await all_looks(rig, postgres=name == POSTGRES))
    return figures


async def _started(
    stack: contextlib.AsyncExitStack, rig: Rig, name: str, opener: Opener[T], figures: Figures
) -> T | None:
    try:
        return await stack.enter_async_context(opener(rig.place))
    except StartFailed as error:
        figures.doubts.append(f"{name} is left out: {error}")
        _say(figures.doubts[-1])
        return None


def _present(found: Sequence[T | None]) -> list[T]:
    return [one for one in found if one is not None]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> None:
    """Parse, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes; good for ratios of CPU and bursts")
    parser.add_argument("--targets", help="which servers, such as A,ours (default: all; quick: without E)")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md alone")
    asked = parser.parse_args(arguments)
    raise_file_limit()
    command = " ".join(["python -m bench.run", *arguments])
    circumstances = Circumstances.now(datetime.now(UTC).date().isoformat(), command)
    sizes = QUICK if asked.quick else FULL
    names = asked.targets.split(",") if asked.targets else sizes.targets
    try:
        figures = asyncio.run(measure(names, sizes))
    except asyncio.CancelledError:
        sys.exit("ended before everything was measured; nothing is written")
    text = section(figures, judge(figures), circumstances)
    print(text)
    if not asked.no_write:
        put_into(DOCUMENT, text)


if __name__ == "__main__":
    main(sys.argv[1:])
