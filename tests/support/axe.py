"""axe-core in a page: what of it people with disabilities could not use."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

_SOURCE = (Path(__file__).parent / "vendor" / "axe.js").read_text()
_RUN = """async () => {
  const found = await axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  });
  return found.violations.flatMap(({id, help, nodes}) =>
    nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')}: ${node.any.concat(node.all, node.none).map((one) => one.message).join('; ')}`));
}"""


async def violations(page: Page) -> list[str]:
    """Every violation of WCAG 2.2 AA and of good practice, as `rule: what: where: why`.

    The script is evaluated by the debugger, so the page's own policy neither forbids nor sees it.
    """
    await page.evaluate(_SOURCE)
    found: list[str] = await page.evaluate(_RUN)
    return found
