"""Our ES modules in a real browser, each behind a page of ours and its policy: all cases in one load."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from app.web.formats import money, nano, price
from tests.support.chromium import Visit
from tests.support.markdown_documents import DOCUMENTS, HOSTILE
from tests.support.pages import LOAD, visit_of
from tests.support.service import running_service
from tests.support.sse_vectors import VECTORS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="session")]

PARSE = f"""async (vectors) => {{
  {LOAD}
  const {{ createParser }} = await load('sse.js');
  return vectors.flatMap(([name, bytes]) => [1, 2, 3, 7, bytes.length].map((size) => {{
    const events = [];
    let retry = null;
    const parser = createParser({{
      onEvent: ({{ type, data, lastEventId }}) => events.push([type, data, lastEventId]),
      onRetry: (ms) => {{ retry = ms; }},
    }});
    const decoder = new TextDecoder('utf-8', {{ ignoreBOM: true }});
    for (let at = 0; at < bytes.length; at += size) {{
      parser.feed(decoder.decode(new Uint8Array(bytes.slice(at, at + size)), {{ stream: true }}));
    }}
    return [name, size, events, retry];
  }}));
}}"""

STREAM = f"""async (documents) => {{
  {LOAD}
  const [{{ MarkdownStream }}, {{ rendered, closed }}, {{ blocksOf, isOpenFence }}] = await Promise.all(
    ['markdown/md-stream.js', 'markdown/md.js', 'markdown/blocks.js'].map(load));
  const html = (fragment) => {{ const place = document.createElement('div'); place.append(fragment); return place.innerHTML; }};
  const whole = (text) => html(rendered(isOpenFence(blocksOf(text).at(-1)) ? text : closed(text)));
  // A last line of spaces alone is no part of code until it goes on.
  const even = (text) => text.replace(/\\s+<\\/code>/g, '</code>');
  const shown = (root) => {{
    const copy = root.cloneNode(true);
    for (const place of copy.querySelectorAll('.md-part, .md-tail')) place.replaceWith(...place.childNodes);
    return copy.innerHTML;
  }};
  const differences = [];
  let compared = 0;
  for (const text of documents) {{
    for (const size of [1, 3, 7, 24]) {{
      const root = document.createElement('div');
      const stream = new MarkdownStream(root);
      for (let at = 0; at < text.length; at += size) {{
        stream.append(text.slice(at, at + size));
        compared += 1;
        const prefix = text.slice(0, at + size);
        const wanted = even(whole(prefix));
        if (even(shown(root)) !== wanted && differences.length < 5) differences.push([prefix, size, shown(root), wanted]);
      }}
      stream.end();
      if (shown(root) !== html(rendered(text)) && differences.length < 5) differences.push(['at the end', size, shown(root), text]);
    }}
  }}
  return [compared, differences];
}}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visit(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visit]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        person = await service.person_with_password()
        async with visit_of(browser, service, person) as visit:
            yield visit


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


async def evaluated(page: Page, script: str, argument: object) -> Any:
    return await page.evaluate(script, argument)


async def test_the_parser_reads_event_streams_to_the_letter_in_any_cuts(page: Page) -> None:
    told = await evaluated(page, PARSE, [[name, list(vector.body)] for name, vector in VECTORS.items()])
    assert len(told) == 5 * len(VECTORS)
    for name, size, events, retry in told:
        assert [tuple(event) for event in events] == VECTORS[name].events, (name, size)
        assert retry == VECTORS[name].retry, (name, size)


async def test_after_every_piece_the_page_shows_what_rendering_all_of_it_shows(page: Page) -> None:
    compared, differences = await evaluated(page, STREAM, list(DOCUMENTS))
    assert differences == []
    assert compared > 5_000


async def test_parts_of_an_answer_change_nothing_of_its_layout(page: Page) -> None:
    """Every block of a long answer stands where it stands without parts, as it grows and at its end, contained or not."""
    script = f"""async (text) => {{
      {LOAD}
      const [{{ MarkdownStream }}, {{ rendered }}] = await Promise.all([load('markdown/md-stream.js'), load('markdown/md.js')]);
      const sheet = Object.assign(document.createElement('link'), {{ rel: 'stylesheet', href: base.replace(/js\\/$/, 'css/markdown.css') }});
      await new Promise((done) => {{ sheet.onload = done; document.head.append(sheet); }});
      const [grown, whole] = [0, 1].map(() => document.body.appendChild(Object.assign(document.createElement('div'), {{ className: 'md' }})));
      const places = (root) => [...root.querySelectorAll('h1, h2, p, ul, pre, table, hr, blockquote')].map((block) => {{
        const {{ top, left, width, height }} = block.getBoundingClientRect();
        return [block.tagName, top - root.getBoundingClientRect().top, left, width, height].join(' ');
      }}).concat(`${{root.getBoundingClientRect().height}}`);
      const contain = () => {{
        for (const part of grown.querySelectorAll('.md-part.full')) Object.assign(part.style, {{ contentVisibility: 'visible', contain: 'layout style paint' }});
      }};
      const differ = () => contain() ?? places(grown).filter((place, number) => place !== places(whole)[number]);
      const stream = new MarkdownStream(grown);
      const differences = [];
      for (let at = 0; at < text.length; at += 200) {{
        stream.append(text.slice(at, at + 200));
        whole.replaceChildren(rendered(text.slice(0, at + 200)));
        if (at % 1000 === 0) differences.push(...differ());
      }}
      stream.end();
      whole.replaceChildren(rendered(text));
      differences.push(...differ());
      const told = [grown.querySelectorAll('.md-part').length, grown.querySelectorAll('.md-part.full').length > 1, places(grown).length, differences.slice(0, 5)];
      [grown, whole, sheet].forEach((one) => one.remove());
      return told;
    }}"""
    blocks = "# One\n\nText.\n\n- a\n- b\n\n## Two\n\n> said\n\n| A |\n|---|\n| b |\n\n```\ncode\n```\n\n---\n\n"
    parts, contained, compared, differences = await evaluated(page, script, blocks * 13)
    assert (parts, contained, differences) == (6, True, [])
    assert compared > 100


async def test_line_ends_of_other_systems_and_nul_are_those_of_markdown(page: Page) -> None:
    script = f"""async (text) => {{
      {LOAD}
      const [{{ MarkdownStream }}, {{ rendered }}] = await Promise.all([load('markdown/md-stream.js'), load('markdown/md.js')]);
      const root = document.createElement('div');
      const stream = new MarkdownStream(root);
      for (const letter of text) stream.append(letter);
      stream.end();
      return [root.textContent, rendered(text).textContent];
    }}"""
    shown, whole = await evaluated(page, script, "a\r\nb\rc\n\r\n```\r\nx\0y\r\n```\r\n")
    assert shown == whole


async def test_money_reads_as_the_server_writes_it(page: Page) -> None:
    script = f"""async (texts) => {{
      {LOAD}
      const {{ money, price }} = await load('money.js');
      return texts.map((text) => [money(text), price(text)]);
    }}"""
    texts = ["0", "0.000000001", "0.0001", "0.0042", "0.999999999", "1", "12.5", "1234567.891"]
    assert await evaluated(page, script, texts) == [[money(nano(text)), price(text)] for text in texts]


async def test_a_monster_is_plain_while_it_grows_and_whole_at_its_end(page: Page) -> None:
    script = f"""async () => {{
      {LOAD}
      const [{{ MarkdownStream }}, {{ rendered }}] = await Promise.all([load('markdown/md-stream.js'), load('markdown/md.js')]);
      const text = 'Before.\\n\\n' + '- **item** of a list\\n'.repeat(5000) + '\\nAfter.\\n\\nThe *end*.\\n';
      const root = document.createElement('div');
      const stream = new MarkdownStream(root);
      let plain = 0;
      const times = [];
      for (let at = 0; at < text.length; at += 1000) {{
        const begun = performance.now();
        stream.append(text.slice(at, at + 1000));
        times.push(performance.now() - begun);
        plain += root.querySelector('.md-plain') ? 1 : 0;
      }}
      stream.end();
      return [plain > 50, times.sort((a, b) => a - b)[times.length >> 1], root.textContent === rendered(text).textContent, root.querySelectorAll('strong').length];
    }}"""
    was_plain, usual, is_whole, items = await evaluated(page, script, None)
    assert (was_plain, is_whole, items) == (True, True, 5000)
    # Rendering it again with each piece would take hundreds of milliseconds.
    assert usual < 50


async def test_nothing_hostile_survives_and_nothing_is_fetched(visit: Visit) -> None:
    script = f"""async (documents) => {{
      {LOAD}
      const [{{ MarkdownStream }}, {{ decorate }}] = await Promise.all([load('markdown/md-stream.js'), load('markdown/code-blocks.js')]);
      window.broken = 0;
      const violations = [];
      document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));
      const acting = [];
      for (const text of documents) {{
        const root = document.createElement('div');
        document.body.append(root);
        const stream = new MarkdownStream(root, decorate);
        for (let at = 0; at < text.length; at += 5) stream.append(text.slice(at, at + 5));
        stream.end();
        for (const element of root.querySelectorAll('*')) {{
          if (/^(script|img|iframe|object|embed|form|input|svg|math|style|link|meta|base|video|audio)$/i.test(element.tagName)) acting.push(element.outerHTML);
          for (const {{ name, value }} of element.attributes) {{
            if (/^on|^style$|^src/i.test(name) || /^\\s*(javascript|data|vbscript):/i.test(value)) acting.push(`${{name}}=${{value}}`);
          }}
        }}
        root.remove();
      }}
      await new Promise((done) => setTimeout(done, 100));
      return [acting, violations, window.broken];
    }}"""
    assert await evaluated(visit.page, script, list(HOSTILE)) == [[], [], 0]
    assert (visit.errors, visit.foreign) == ([], [])


async def test_code_that_is_complete_gets_colours_and_a_button(page: Page) -> None:
    script = f"""async () => {{
      {LOAD}
      const [{{ MarkdownStream }}, {{ decorate }}] = await Promise.all([load('markdown/md-stream.js'), load('markdown/code-blocks.js')]);
      const root = document.createElement('div');
      document.body.append(root);
      const stream = new MarkdownStream(root, decorate);
      stream.append('```python\\ndef f(x):\\n    return "<b>" + x\\n');
      const growing = root.querySelectorAll('.code, .code-copy, [class^=hljs]').length;
      stream.append('```\\n\\nOne.\\n\\nTwo.\\n');
      const until = performance.now() + 5000;
      while (!root.querySelector('.hljs-keyword') && performance.now() < until) await new Promise(requestAnimationFrame);
      const told = [growing, root.querySelectorAll('.code .code-copy').length, root.querySelector('.hljs-keyword')?.textContent, root.querySelector('code').textContent];
      root.remove();
      return told;
    }}"""
    assert await evaluated(page, script, None) == [0, 1, "def", 'def f(x):\n    return "<b>" + x\n']
