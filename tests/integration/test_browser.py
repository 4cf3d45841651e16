"""Runs in a real browser, against a server that is a process of its own."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from lib.streaming.definition import Definition
from tests.support.chromium import Visit, visiting
from tests.support.keys import TEST_API_KEY
from tests.support.node import Node, running_node
from tests.support.pages import answers, ended, run_of, shows_what_it_copies, start, text_arrives
from tests.support.service import as_json, echo
from tests.support.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

WORDS = " ".join(f"word{number}" for number in range(60))
LOCAL_MODEL_SECONDS = 150.0


@asynccontextmanager
async def signed_in(
    browser: Browser, data_dir: Path, wait_seconds: float = 45, **environment: str
) -> AsyncIterator[tuple[Node, Visit, httpx.AsyncClient]]:
    """A node, a browser that came through the one-time link, and the API as the same person."""
    headers = {"Authorization": f"Bearer {TEST_API_KEY}"}
    async with (
        running_node(data_dir, AA_BOOTSTRAP_API_KEY=TEST_API_KEY, **environment) as node,
        httpx.AsyncClient(base_url=node.base_url, headers=headers, timeout=30) as api,
        visiting(browser, node.base_url, wait_seconds) as visit,
    ):
        await visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await follow_link(node, visit.page)
        node.secrets += [cookie["value"] for cookie in await visit.page.context.cookies()]
        yield node, visit, api


async def follow_link(node: Node, page: Page) -> None:
    await until(lambda: "sign-in#" in node.log(), 10)
    link = re.search(r"http://\S+/sign-in#token=\w+", node.log())
    assert link
    await page.goto(link[0])
    await page.get_by_role("button", name="Sign in").first.click()
    await page.get_by_role("heading", name="Gallery").wait_for()


async def create(api: httpx.AsyncClient, definition: Definition) -> None:
    answer = await api.post("/api/assistants", json=as_json(definition))
    assert answer.status_code == 201, answer.text


async def record_of(api: httpx.AsyncClient, page: Page) -> dict[str, Any]:
    """The run that the page shows, as the API has it."""
    answer = await api.get(f"/api/executions/{run_of(page)}")
    record: dict[str, Any] = answer.raise_for_status().json()
    return record


def outputs(record: dict[str, Any]) -> list[str]:
    return [prompt["attempts"][-1]["output"] for prompt in record["prompts"] if prompt["attempts"]]


@pytest.mark.local_model
async def test_three_steps_on_a_real_model_survive_a_reload_and_a_second_run_is_stopped(
    browser: Browser, tmp_path: Path
) -> None:
    async with signed_in(browser, tmp_path, wait_seconds=LOCAL_MODEL_SECONDS, AA_LOCAL_MODEL="auto") as (_, visit, api):
        page = visit.page
        await start(page, "Article in three steps", {"What is the article about?": "volcanoes"})
        await text_arrives(page)
        await expect(page.locator("#state")).to_contain_text("Prompt 1 of 3")
        await page.reload()
        await ended(page)
        record = await record_of(api, page)
        assert record["status"] == "completed"
        assert {attempt["provider"] for prompt in record["prompts"] for attempt in prompt["attempts"]} == {"local"}
        assert await answers(page) == outputs(record)
        await shows_what_it_copies(page)
        assert all(len(text) > 10 for text in outputs(record))
        await expect(page.get_by_role("button", name="Stop")).to_be_hidden()

        await start(page, "Article in three steps", {"What is the article about?": "bread"})
        await text_arrives(page)
        await page.get_by_role("button", name="Stop").click()
        await page.locator("#receipt").filter(has_text="Stopped after").wait_for()
        await ended(page, "Stopped after")
        record = await record_of(api, page)
        assert record["status"] == "cancelled"
        assert await page.locator("[data-row] .stop-name").all_text_contents() == ["Text", "Summary", "Title"]
        assert await page.locator("[data-row] .stop-state").all_text_contents() == ["Stopped", "Skipped", "Skipped"]
        assert await answers(page) == outputs(record)[:1]
        await expect(page.locator("#receipt")).to_contain_text(f"{len(outputs(record)[0])} characters")
        assert (visit.errors, visit.foreign) == ([], [])


async def test_a_server_killed_in_mid_run_comes_back_and_the_page_goes_on(browser: Browser, tmp_path: Path) -> None:
    async with signed_in(browser, tmp_path, AA_LEASE_SECONDS="2") as (node, visit, api):
        page = visit.page
        await create(api, echo(content=f"{WORDS} ${{topic}}", model="scripted/slow-100"))
        await start(page, "Echo", {"Topic": "end"})
        await text_arrives(page)
        node.kill()
        await page.locator("#connection").filter(has_text="Reconnecting").wait_for()
        await node.start()
        await ended(page)
        record = await record_of(api, page)
        assert len(record["prompts"][0]["attempts"]) == 2
        assert await answers(page) == outputs(record) == [f"{WORDS} end"]
        await shows_what_it_copies(page)
        # The attempt that died with the server is struck and folded away.
        await expect(page.locator(".void s")).to_have_text("Attempt 1")
        # The browser itself notes that nobody listened for a while.
        assert [error for error in visit.errors if "ERR_" not in error] == []
        assert visit.foreign == []


async def test_a_restart_in_good_order_is_told_and_loses_nothing(browser: Browser, tmp_path: Path) -> None:
    async with signed_in(browser, tmp_path, AA_DRAIN_SECONDS="1") as (node, visit, api):
        page = visit.page
        await create(api, echo(content=f"{WORDS} ${{topic}}", model="scripted/slow-100"))
        await start(page, "Echo", {"Topic": "end"})
        await text_arrives(page)
        told = page.locator("#connection").filter(has_text="The server restarts").wait_for()
        await node.stop()
        await told
        await node.start()
        await ended(page)
        assert await answers(page) == outputs(await record_of(api, page)) == [f"{WORDS} end"]
        assert [error for error in visit.errors if "ERR_" not in error and "503" not in error] == []
