"""Pictures of every page, light and dark, wide and narrow: `python -m tests.support.screenshots docs/screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from app.db.records import AssistantRecord, AssistantStatus, UserRole
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import PromptId
from tests.support.chromium import browsing
from tests.support.pages import visit_of
from tests.support.service import Person, Service, running_service

SIZES = ((1280, 800), (390, 844))
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

ANSWER = """## Tides in two sentences

The **Moon** pulls on the oceans; twice a day a bulge of water passes every coast. Where the Sun pulls along, tides are *high*.

| | spring tide | neap tide |
|---|---:|---:|
| range | 5.2 m | 2.1 m |
| every | 14.8 days | 14.8 days |

```python
def days_until_spring_tide(age_of_moon: float) -> float:
    return min((14.77 - age_of_moon) % 14.77, (29.53 - age_of_moon) % 29.53)
```

- Look it up before you walk out.
- Turn back when the water does.
"""


def chain() -> Definition:
    def prompt(name: str, content: str, position: int, model: str = "echo") -> PromptDefinition:
        return PromptDefinition(PromptId(name.lower()), name, content, f"scripted/{model}", position)

    topic = InputField("topic", FieldType.LONG_TEXT, "What shall it explain?", required=True)
    return Definition(
        name="Explain with care",
        description="Two views of a topic side by side, then one clear answer with a table and an example.",
        fields=(topic, InputField("reader", FieldType.SHORT_TEXT, "Who reads it?")),
        prompts=(
            prompt("Facts", "What is known about {{ topic }}: tides follow the Moon, twice a day.", 0),
            prompt("Doubts", "What people get wrong about {{ topic }}: the Sun plays a part as well.", 0),
            prompt("Answer", ANSWER + "\n{% if facts and doubts and reader %}{% endif %}", 1, "slow-5"),
        ),
    )


async def furnish(service: Service, admin: Person) -> dict[str, str]:
    """Something on every page; the addresses by the names of their pictures."""
    assistant = await service.assistant(admin, chain(), AssistantStatus.APPROVED)
    runs = [await service.run(admin, assistant, topic="the tides", reader="a walker") for _ in range(3)]
    await _fail(service, admin)
    return {
        "gallery": "/",
        "form": f"/assistants/{assistant.slug}/run",
        "run": f"/runs/{runs[0]}",
        "history": "/runs",
        "assistants": "/assistants",
        "editor": f"/assistants/{assistant.id}/edit",
        "trying-out": f"/assistants/{assistant.id}/edit",
        "versions": f"/assistants/{assistant.id}/versions",
        "overview": "/admin",
        "executions": "/admin/executions",
        "execution": f"/admin/executions/{runs[0]}",
        "approvals": "/admin/approvals",
        "providers": "/admin/providers",
        "models": "/admin/models",
        "users": "/admin/users",
        "audit": "/admin/audit",
        "retention": "/admin/retention",
        "keys": "/keys",
    }


async def _fail(service: Service, admin: Person) -> None:
    broken: AssistantRecord = await service.assistant(
        admin,
        Definition(
            name="Summary of a letter",
            description="Says in three sentences what a letter wants.",
            prompts=(PromptDefinition(PromptId("summary"), "Summary", "Sum it up.", "scripted/fault-500"),),
        ),
        AssistantStatus.PENDING_APPROVAL,
    )
    await service.run(admin, broken)


async def _try_out(page: Page) -> None:
    await page.get_by_role("button", name="Test run").click()
    await page.get_by_label("What shall it explain?").fill("the tides")
    await page.get_by_role("button", name="Save and run").click()
    await page.locator("#state").filter(has_text="Completed after").wait_for()


async def take(page: Page, name: str, address: str, folder: Path) -> None:
    await page.goto(address, wait_until="load")
    if name == "run":
        await page.locator("#run[data-shown]").wait_for()
    if name == "trying-out":
        await _try_out(page)
    await page.wait_for_function("document.fonts.status === 'loaded'")
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        if name == "trying-out":
            await page.locator(".test-run").evaluate("one => one.scrollIntoView()")
        for scheme in SCHEMES:
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", animations="disabled")


async def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        async with running_service(Path(scratch)) as service, browsing() as browser:
            admin = await service.person_with_password(UserRole.ADMIN)
            pages = await furnish(service, admin)
            async with visit_of(browser, service, admin) as visit:
                for name, address in pages.items():
                    await take(visit.page, name, address, folder)
                await visit.page.context.clear_cookies()
                await take(visit.page, "sign-in", "/sign-in", folder)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
