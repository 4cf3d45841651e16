"""`python -m bench.run [--quick] [--targets A,C,E,ours]`: measure, print, write docs/performance.md.

All servers stay up for the whole run, each on core 0, and are loaded in turn; upstream and client share core 1.
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
from pathlib import Path
from typing import TypeAlias

from bench import target as targets
from bench.bars import judge
from bench.client import raise_file_limit
from bench.metrics.ending import leaving, stopping
from bench.metrics.held import Climb
from bench.metrics.idle import idle
from bench.metrics.log_size import log_size
from bench.metrics.replay import replay
from bench.metrics.streaming import burst, first_token, paced, warm_up
from bench.our_servers import on_postgres, on_sqlite
from bench.ours import Ours
from bench.report import Circumstances, put_into, section
from bench.rig import Rig, open_rig
from bench.sample import Figures
from bench.server_process import StartFailed
from bench.sizes import FULL, QUICK, Sizes
from bench.target import Place, Target

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "performance.md"
Opener: TypeAlias = Callable[[Place], AbstractAsyncContextManager[Target]]
OPENERS: Mapping[str, Opener] = {
    "A": targets.byte_pump,
    "C": targets.fastapi,
    "E": targets.ai_sdk,
    "ours": on_sqlite,
    "ours-pg": on_postgres,
}


async def measure(names: Sequence[str], sizes: Sizes) -> Figures:
    """Every metric of every target that can be started."""
    figures = Figures()
    task = asyncio.current_task()
    assert task is not None
    # Whoever ends the run ends the servers it started.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with open_rig(HERE / "out") as rig, contextlib.AsyncExitStack() as stack:
        running = await _start(stack, rig, names)
        for target in running:
            await warm_up(rig, target)
            figures.add(await idle(rig, target, sizes.idle_streams))
        for number in range(sizes.rounds):
            _say(f"round {number + 1} of {sizes.rounds}")
            await _round(rig, running, sizes, figures)
        await _once(rig, running, sizes, figures)
    return figures


async def _round(rig: Rig, running: Sequence[Target], sizes: Sizes, figures: Figures) -> None:
    for target in running:
        figures.add(await first_token(rig, target, sizes.first_requests))
    for target in running:
        figures.add(await paced(rig, target, sizes.paced_seconds))
    for target in running:
        figures.add(await burst(rig, target, sizes.burst_tokens[target.name]))


async def _once(rig: Rig, running: Sequence[Target], sizes: Sizes, figures: Figures) -> None:
    climb = Climb(rig, running[0], sizes.held_seconds)
    for target in running[1:]:
        _say(f"{target.name}: streams held, endings")
        figures.add(await climb.held(target, sizes.held_steps[target.name]))
        figures.add(await leaving(rig, target))
        if isinstance(target, Ours):
            figures.add(await stopping(rig, target))
            if target.database is not None:
                figures.add(await log_size(rig, target, sizes.log_tokens))
            figures.add(await replay(rig, target, sizes.replay_clients, sizes.replay_events))


async def _start(stack: contextlib.AsyncExitStack, rig: Rig, names: Sequence[str]) -> list[Target]:
    running: list[Target] = [targets.direct(rig.place)]
    for name in names:
        try:
            running.append(await stack.enter_async_context(OPENERS[name](rig.place)))
        except StartFailed as error:
            _say(f"{name} is left out: {error}")
    return running


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> None:
    """Parse, measure, report."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under 90 seconds; good for ratios of CPU and bursts")
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
