"""axe-core in a page: what of it people with disabilities could not use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Page

_SOURCE = (Path(__file__).parent / "vendor" / "axe.js").read_text()
_EVERYTHING = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_COLOURS = ("color-contrast",)
_RUN = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
  return found.violations.flatMap(({id, help, nodes}) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')}: ${node.any.concat(node.all, node.none).map((one) => one.message).join('; ')}`));
}"""


async def violations(page: Page) -> list[str]:
    """Every violation of WCAG 2.2 AA and of good practice as the page is now, as `rule: what: where: why`.

    The script is evaluated by the debugger, so the page's own policy neither forbids nor sees it.
    """
    return await _found(page, _EVERYTHING)


async def violations_in_both_themes(page: Page) -> list[str]:
    """As `violations` in the light theme, and what colours alone can be wrong in the dark one, without motion."""
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {one}" for one in await _found(page, _COLOURS)]
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


async def _found(page: Page, rules: Sequence[str]) -> list[str]:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_SOURCE)
    found: list[str] = await page.evaluate(_RUN, list(rules))
    return found
