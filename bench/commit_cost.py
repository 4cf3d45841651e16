"""What a commit of the event log costs on SQLite, or on the empty database of a URL: `python -m bench.commit_cost`.

For batches of 1, 10 and 50 executions with one delta each: CPU of the whole process (user + system, so the hop to the
writer thread is in it) an event and a commit, and the time an awaited commit takes. `--pace` commits a second leaves
the disk and the checkpoints room, as streams do; without it commits follow one another.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from app.db.database import Storage, open_database
from app.db.migrate import upgrade
from lib.streaming.clock import SystemClock
from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.ids import Uuid7Factory
from lib.streaming.ports.execution_store import Claim, NewExecution
from lib.streaming.ports.log_store import Write
from lib.streaming.sse_events.log_entry import LogEntry, pack_delta
from lib.streaming.sse_events.vocabulary import EventCode
from lib.streaming.types import ExecutionId, PromptId, Seq, WorkerId

DEFINITION = Definition("Bench", prompts=(PromptDefinition(PromptId("p"), "p", "x", "scripted/echo"),))
TOKENS = [" the", " and", ",", " stream", " of", "ing", " a", ".", " token", "s"]


async def claims(storage: Storage, count: int) -> list[Claim]:
    clock = SystemClock()
    new_id = Uuid7Factory(clock.now_ms)
    user = await storage.users.create(f"{new_id()}@example.org", "bench")
    assistant = await storage.assistants.create(user.id, DEFINITION)
    taken = []
    for _ in range(count):
        new = NewExecution(
            id=ExecutionId(new_id()),
            principal_id=user.id,
            assistant_id=assistant.id,
            version_id=assistant.version_id,
            inputs={},
            on_disconnect="continue",
            max_concurrent=10_000,
        )
        accepted = await storage.execution_store.create(new)
        claim = await storage.execution_store.claim(accepted.id, WorkerId("bench"), 3600)
        assert claim is not None
        taken.append(claim)
    return taken


def batch(owned: list[Claim], number: int) -> list[Write]:
    data = pack_delta(0, 1, TOKENS[number % len(TOKENS)])
    entry = LogEntry(Seq(number + 2), EventCode.PROMPT_DELTA, 1_800_000_000_000 + 20 * number, data)
    return [Write(claim.handle, claim.epoch, (entry,), ()) for claim in owned]


async def measure(storage: Storage, size: int, commits: int, pace: float) -> str:
    owned = await claims(storage, size)
    batches = [batch(owned, number) for number in range(commits)]
    cpu, took, began = time.process_time(), [], time.perf_counter()
    for number, writes in enumerate(batches):
        if pace and (wait := began + number / pace - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        start = time.perf_counter()
        assert not await storage.log_store.commit(writes)
        took.append((time.perf_counter() - start) * 1e3)
    cpu = (time.process_time() - cpu) * 1e6
    took.sort()
    p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
    return f"{size:>5}{cpu / commits / size:>14.1f}{cpu / commits:>15.0f}{p50:>10.3f}{p99:>10.3f}{took[-1]:>10.2f}"


async def run(directory: Path, arguments: argparse.Namespace) -> None:
    url = arguments.url or f"sqlite:///{directory / 'bench.db'}"
    upgrade(url)
    clock = SystemClock()
    storage = await open_database(url, clock, Uuid7Factory(clock.now_ms), synchronous=arguments.synchronous)
    print("batch  CPU us/event  CPU us/commit    p50 ms    p99 ms    max ms")
    for size in arguments.sizes:
        print(await measure(storage, size, arguments.commits, arguments.pace), flush=True)
    await storage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=3000)
    parser.add_argument("--pace", type=float, default=0)
    parser.add_argument("--synchronous", default="NORMAL")
    parser.add_argument("--url")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1, 10, 50])
    with tempfile.TemporaryDirectory(dir=".") as directory:
        uvloop.run(run(Path(directory), parser.parse_args()))


if __name__ == "__main__":
    main()
