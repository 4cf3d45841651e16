"""Many at once, coming and going: every viewer exact, every stop true, nothing left behind."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import islice

import aiohttp
import psutil
import pytest
import pytest_asyncio

from tests.support.fault_upstream import Answer
from tests.support.node_bench import Bench, chain, one_prompt, running_bench, step
from tests.support.stream_client import Received, StreamClient
from tests.support.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLIENTS = 100
POINTS = 200
STOPS = 200
WORDS = tuple(f"word{number} " for number in range(30))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    async with running_bench(tmp_path_factory.mktemp("node")) as bench:
        bench.upstream.script("words", Answer(WORDS, delay=0.01))
        bench.upstream.script("slow", Answer(("word ",) * 10_000, delay=0.02))
        yield bench


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def forgotten(bench: Bench) -> AsyncIterator[None]:
    yield
    await bench.forget()


async def test_a_hundred_streams_at_once_are_all_exact(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(one_prompt("words"))

    async def one() -> Received:
        return await bench.client.follow(await bench.client.start(assistant, {}))

    for run in await asyncio.gather(*(one() for _ in range(CLIENTS))):
        assert run.events[-1]["status"] == "completed"
        assert run.text("only") == "".join(WORDS)
        assert run.problems() == []


async def test_three_viewers_and_a_late_one_see_the_same(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(one_prompt("words"))
    first = await bench.client.start(assistant, {})
    viewers = [first, Received(first.execution_id), Received(first.execution_id)]
    following = [asyncio.ensure_future(bench.client.follow(viewer)) for viewer in viewers]
    await bench.client.follow(Received(first.execution_id), until=10)
    late = await bench.client.follow(Received(first.execution_id))
    await asyncio.gather(*following)
    assert late.text("only") == "".join(WORDS)
    assert [viewer.events for viewer in viewers] == [viewers[0].events] * 3
    assert [(e["type"], e["seq"]) for e in late.events if e["type"] != "prompt.delta"] == [
        (e["type"], e["seq"]) for e in first.events if e["type"] != "prompt.delta"
    ]


async def test_coming_back_at_two_hundred_random_points_gives_everything_once(bench: Bench) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    bench.upstream.script("many", Answer(tuple(f"{number} " for number in range(300)), delay=0.005))
    assistant = await bench.client.create_assistant(one_prompt("many"))
    run = await bench.client.start(assistant, {})
    whole = asyncio.ensure_future(bench.client.follow(Received(run.execution_id)))
    while run.last < 100 and not run.ended:
        await bench.client.follow(run, until=run.last + rng.randrange(1, 20))
    live = run.connects
    complete = await whole
    await bench.client.follow(run)
    for _ in range(POINTS - live):
        again = Received(run.execution_id)
        again.last = rng.randrange(complete.last)
        before = again.last
        await bench.client.follow(again)
        assert [event["seq"] for event in again.events][-1] == complete.last, f"seed {seed}"
        joined = [event for event in complete.events if event["seq"] <= before]
        assert _text(joined) + _text(again.events) == complete.text("only"), f"seed {seed}, from {before}"
    assert run.last == complete.last
    assert run.text("only") == complete.text("only"), f"seed {seed}"


def _text(events: list[dict[str, object]]) -> str:
    return "".join(str(event["text"]) for event in events if event["type"] == "prompt.delta")


@pytest.mark.parametrize("cursor", [None, "0", "-1", "abc", "9" * 31, "beyond", "other"])
async def test_a_cursor_that_was_never_given_replays_everything(bench: Bench, cursor: str | None) -> None:
    run, other = await bench.run(one_prompt("plain")), await bench.run(one_prompt("plain"))
    sent = {"beyond": str(run.last + 1), "other": other.execution_id}.get(cursor or "", cursor)
    status, events = await _events(bench.client, run.execution_id, sent)
    assert (status, events) == (200, run.last)


async def test_a_client_that_has_everything_gets_204(bench: Bench) -> None:
    run = await bench.run(one_prompt("plain"))
    assert await _events(bench.client, run.execution_id, str(run.last)) == (204, 0)


async def _events(client: StreamClient, execution_id: str, cursor: str | None) -> tuple[int, int]:
    """Status and the last number of one request."""
    headers = client.headers if cursor is None else {**client.headers, "Last-Event-ID": cursor}
    url = f"{client.base_url}/api/executions/{execution_id}/events"
    async with client.session.get(url, headers=headers) as answer:
        seen = Received(execution_id)
        for block in (await answer.read()).split(b"\n\n"):
            seen.take(block)
        return answer.status, seen.last


async def test_a_hundred_clients_that_leave_in_one_moment_leave_nothing_open(bench: Bench) -> None:
    process = psutil.Process(bench.node.pid)
    assistant = await bench.client.create_assistant(one_prompt("slow"))
    before = len(process.net_connections())
    body = {"assistantId": assistant, "inputs": {}, "onDisconnect": "cancel"}
    url = f"{bench.client.base_url}/api/assistant-architect/stream"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        posts = (session.post(url, json=body, headers=bench.client.headers) for _ in range(CLIENTS))
        answers = await asyncio.gather(*posts)
        await asyncio.gather(*(answer.content.readuntil(b"prompt.delta") for answer in answers))
        for answer in answers:
            answer.close()
        left = time.monotonic()
    await bench.upstream.closed(within=2)
    while await bench.client.running():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    assert time.monotonic() - left <= 2
    assert len(process.net_connections()) <= before + 2


async def test_two_hundred_stops_at_any_point_close_the_model_service_and_call_no_later_prompt(bench: Bench) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    bench.upstream.script("short", Answer(("a ", "b "), delay=0.02))
    numbers = iter(range(STOPS))
    kept = [await asyncio.gather(*(stopped(bench, number, rng) for number in islice(numbers, 20))) for _ in range(10)]
    assert next(numbers, None) is None
    assert bench.upstream.hits["later"] == 0
    reached = Counter(sum(texts) for wave in kept for texts in wave)
    assert len(reached) > 5, f"seed {seed}: the stops came at different points, {reached}"


async def stopped(bench: Bench, number: int, rng: random.Random) -> list[int]:
    """Start a chain of its own models, stop it after a while, and look at what came of it: characters kept by prompt."""
    steps = [step("first", f"short+{number}"), step("second", f"short+{number}", 1), step("third", f"slow+{number}", 2)]
    assistant = await bench.client.create_assistant(chain([*steps, step("no", "later", 3)]))
    run = await bench.client.start(assistant, {})
    await asyncio.sleep(rng.random() * 0.4)
    receipt = await bench.stop(run.execution_id)
    models = {f"short+{number}", f"slow+{number}"}
    await until(lambda: not any(bench.upstream.open_by_model[model] for model in models), 1)
    await bench.client.follow(run)
    texts = [len(run.text(name)) for name in ("first", "second", "third")]
    assert (receipt["outcome"], receipt["status"]) in (("stopped", "cancelled"), ("stopped_before_start", "cancelled"))
    assert (receipt["upstreamClosed"], receipt["keptChars"]) == (True, sum(texts))
    assert (run.events[-1]["status"], run.events[-1]["endedBy"], run.problems()) == ("cancelled", "user", [])
    assert run.events[-1]["usage"]["outputTokens"] > 0 or not any(texts), "what was made is never counted as nothing"
    # What was sent before the stop may be read by the service after it; nothing is sent that was not begun.
    assert sum(bench.upstream.hits[model] for model in models) <= run.types.count("prompt.started")
    return texts


PHASES = {
    "at once": (one_prompt("slow"), 1),
    "silent": (one_prompt("fault-silence-before-headers"), 3),
    "streaming": (one_prompt("slow"), 6),
    "waiting to try again": (one_prompt("fault-429-after-60"), 5),
    "between prompts": (chain([step("one", "plain"), step("two", "slow", 1)]), 7),
    "side by side": (chain([step("left", "slow"), step("right", "slow")]), 8),
}


@pytest.mark.parametrize("phase", PHASES)
async def test_a_stop_works_in_every_phase_and_a_second_one_is_harmless(bench: Bench, phase: str) -> None:
    definition, number = PHASES[phase]
    assistant = await bench.client.create_assistant(definition)
    run = await bench.client.start(assistant, {})
    await bench.client.follow(run, until=number)
    receipts = await asyncio.gather(bench.stop(run.execution_id), bench.stop(run.execution_id))
    assert {receipt["status"] for receipt in receipts} == {"cancelled"}
    assert all(receipt["upstreamClosed"] for receipt in receipts)
    await bench.upstream.closed(within=1)
    await bench.client.follow(run)
    assert run.events[-1]["status"] == "cancelled"
    assert run.types.count("execution.finished") == 1
    later = await bench.stop(run.execution_id)
    assert (later["outcome"], later["status"]) == ("already_finished", "cancelled")
    assert {receipt["keptChars"] for receipt in receipts} == {later["keptChars"]}


async def test_run_stop_run_twenty_times_never_shows_the_run_before(bench: Bench) -> None:
    assistant = await bench.client.create_assistant(one_prompt("slow"))
    good = await bench.client.create_assistant(one_prompt("plain"))
    for _ in range(20):
        stopped = await bench.client.start(assistant, {})
        await bench.stop(stopped.execution_id)
        run = await bench.client.follow(await bench.client.start(good, {}))
        assert run.text("only") == "one two three"
        assert (await bench.client.follow(stopped)).events[-1]["status"] == "cancelled"
