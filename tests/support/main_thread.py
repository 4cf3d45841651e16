"""What the thread that shows a page computed, from Chromium's own trace: independent of what else the machine does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page

#: The category whose `RunTask` events carry `tdur`, the processor time of the thread.
_CATEGORIES = ["disabled-by-default-devtools.timeline", "__metadata"]
_MAIN_THREAD = "CrRendererMain"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the thread: when it began after the first of the trace, and how long it computed, in milliseconds."""

    at_ms: float
    cpu_ms: float


@dataclass(slots=True)
class Recording:
    """The tasks of the pages' main threads in the order they began; there once the recording has ended."""

    tasks: list[Task] = field(default_factory=list)


@asynccontextmanager
async def recording(browser: Browser, page: Page) -> AsyncIterator[Recording]:
    """Record what the main thread of a page computes meanwhile. A browser makes one recording at a time."""
    told = Recording()
    await browser.start_tracing(page=page, categories=_CATEGORIES)
    try:
        yield told
    finally:
        trace = await browser.stop_tracing()
        told.tasks += _tasks(json.loads(trace)["traceEvents"])


def _tasks(events: list[dict[str, Any]]) -> list[Task]:
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == _MAIN_THREAD
    }
    found = sorted(
        (event["ts"], event["tdur"])
        for event in events
        if event["name"] == "RunTask" and event["ph"] == "X" and (event["pid"], event["tid"]) in threads
    )
    return [Task((begun - found[0][0]) / 1000, computed / 1000) for begun, computed in found]
