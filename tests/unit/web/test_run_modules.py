"""The ES modules of runs in a real browser: what they say of a connection, and what a replay shows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.support.pages import LOAD, visit_of
from tests.support.service import running_service

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

#: Of the execution that is replayed.
LASTS_MS = 2000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    async with (
        running_service(tmp_path_factory.mktemp("service")) as service,
        visit_of(browser, service, await service.person_with_password()) as visit,
    ):
        yield visit.page


async def test_what_is_said_of_a_connection_follows_stream_and_network(page: Page) -> None:
    offline, again = "You are offline; nothing is lost. It goes on when you are back.", "Reconnecting …"
    steps = [
        ("open", ""),
        ("offline", offline),
        # The stream had not noticed.
        ("online", ""),
        ("waiting", again),
        ("offline", offline),
        ("online", again),
        ("open", ""),
        ("done", ""),
        ("offline", ""),
        ("online", ""),
    ]
    script = f"""async (steps) => {{
      {LOAD}
      const {{ Connection }} = await load('run/connection.js');
      const place = document.createElement('p');
      const connection = new Connection(place);
      return steps.map((step) => {{
        if (step.endsWith('line')) window.dispatchEvent(new Event(step));
        else connection.take({{ state: step }});
        return place.textContent;
      }});
    }}"""
    assert await page.evaluate(script, [step for step, _ in steps]) == [said for _, said in steps]


async def test_a_replay_shows_at_every_moment_what_reading_all_before_it_gives(page: Page) -> None:
    script = f"""async ([events, moments]) => {{
      {LOAD}
      const {{ Recording }} = await load('admin/replay.js');
      const recording = new Recording(events);
      return moments.map((ms) => [recording.count(ms), Object.fromEntries(recording.at(ms))]);
    }}"""
    events = recorded(random.Random(11))
    moments = [-1, *random.Random(7).sample(range(LASTS_MS), 300), LASTS_MS, LASTS_MS + 1000]
    told = await page.evaluate(script, [events, moments])
    assert told == [list(read_up_to(events, moment)) for moment in moments]
    assert {shown["status"] for _, prompts in told for shown in prompts.values()} == {"running", "void", "completed"}


def recorded(rng: random.Random) -> list[dict[str, Any]]:
    """Events of two prompts side by side, each of which is tried three times, at moments that some of them share."""
    life = [{"type": "prompt.started"}, *({"type": "prompt.delta", "text": f"{number} "} for number in range(20))]
    void, done = {"type": "prompt.retrying"}, {"type": "prompt.finished", "status": "completed"}
    lives = {name: [*life, void, *life[:5], void, *life, done] for name in ("one", "two")}
    order = rng.sample([name for name in lives for _ in lives[name]], sum(map(len, lives.values())))
    told = [{"type": "execution.started"}, *({**lives[name].pop(0), "promptId": name} for name in order)]
    moments = [0, *sorted(rng.choices(range(0, LASTS_MS, 10), k=len(order) - 1)), LASTS_MS]
    start = datetime(2026, 11, 26, tzinfo=UTC)
    return [
        {**event, "at": (start + timedelta(milliseconds=moment)).isoformat(), "seq": seq}
        | ({"name": event["promptId"].upper()} if event["type"] == "prompt.started" else {})
        for seq, (event, moment) in enumerate(zip(told, moments, strict=True), 1)
    ]


def read_up_to(events: list[dict[str, Any]], moment: int) -> tuple[int, dict[str, dict[str, str]]]:
    """How many events had come by then, and what they leave to be seen: from the first one on, one after the other."""
    begun = datetime.fromisoformat(events[0]["at"])
    come = [one for one in events if datetime.fromisoformat(one["at"]) - begun <= timedelta(milliseconds=moment)]
    prompts: dict[str, dict[str, str]] = {}
    for event in come:
        match event:
            case {"type": "prompt.started", "promptId": prompt, "name": name}:
                prompts[prompt] = {"name": name, "text": "", "status": "running"}
            case {"type": "prompt.delta", "promptId": prompt, "text": text}:
                prompts[prompt]["text"] += text
            case {"type": "prompt.retrying", "promptId": prompt}:
                prompts[prompt]["status"] = "void"
            case {"type": "prompt.finished", "promptId": prompt, "status": status}:
                prompts[prompt]["status"] = status
            case _:
                pass
    return len(come), prompts
