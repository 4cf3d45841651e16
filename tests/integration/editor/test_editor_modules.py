"""The editor's modules by themselves, in the browser that runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from app.web.assets import Assets
from app.web.folders import STATIC
from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.prompt_processor.names import name_table
from lib.streaming.types import PromptId
from tests.support.author_pages import Author
from tests.support.service import as_json

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def page(author: Author) -> AsyncIterator[Page]:
    async with author.visit("/assistants") as visit:
        yield visit.page


async def result(page: Page, module: str, call: str, *given: object) -> Any:
    """What `call` gives; in it the module's exports are `m` and what is given is `a`."""
    code = f"async ([url, a]) => {{ const m = await import(url); return {call}; }}"
    return await page.evaluate(code, [Assets(STATIC).url(f"js/editor/{module}.js"), list(given)])


def chain(*steps: str) -> list[dict[str, Any]]:
    """Prompts named by letters, those of one word at one position."""
    return [{"name": name, "position": position} for position, step in enumerate(steps) for name in step]


MOVE = """(() => {
  const prompt = a[0].find((one) => one.name === a[1]);
  const moved = m[a[2]](a[0], prompt, ...(a[3] === null ? [] : [a[3]]));
  return m.steps(moved).map((step) => step.map((one) => one.name).join(''));
})()"""


@pytest.mark.parametrize(
    ("before", "name", "how", "more", "after"),
    [
        (("a", "b"), "b", "earlier", None, ["ab"]),
        (("ab", "c"), "b", "earlier", None, ["b", "a", "c"]),
        (("a", "b"), "a", "earlier", None, ["a", "b"]),
        (("a", "b"), "a", "later", None, ["ab"]),
        (("ab", "c"), "a", "later", None, ["b", "a", "c"]),
        (("a", "b"), "b", "later", None, ["a", "b"]),
        (("ab", "c"), "a", "aside", 1, ["ba", "c"]),
        (("ab", "c"), "a", "aside", -1, ["ab", "c"]),
        (("a", "b", "c"), "c", "dropped", {"step": 0, "index": 0}, ["ca", "b"]),
        (("a", "b", "c"), "c", "dropped", {"step": 0}, ["c", "a", "b"]),
        (("a", "b", "c"), "a", "dropped", {"step": 3}, ["b", "c", "a"]),
        (("ab", "c"), "a", "dropped", {"step": 0, "index": 2}, ["ba", "c"]),
        (("ab", "c"), "a", "dropped", {"step": 1}, ["b", "a", "c"]),
    ],
)
async def test_a_prompt_moves_between_steps_and_within_one(
    page: Page, before: tuple[str, ...], name: str, how: str, more: Any, after: list[str]
) -> None:
    assert await result(page, "order", MOVE, chain(*before), name, how, more) == after


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Say ${topic} and {{ tone }}", ["topic", "tone"]),
        ("${critique-clarity} {{critique-clarity}}", ["critique-clarity", "critique-clarity"]),
        ("{{ 2024 }} $5 {this} ${not a name}", ["2024"]),
        ("{% if notes %}{{ notes | default('none', true) }}{% endif %}", ["notes", "notes"]),
        ("{% for item in items %}{{ item.name }} {{ loop.index }}{% endfor %}", ["items"]),
        ("{# {{ hidden }} #}{% raw %}{{ literal }} ${too}{% endraw %}{{ shown }}", ["shown"]),
        ("{{ 'a name' if x is defined else y }}", ["x", "y"]),
        ("{{ open", ["open"]),
        ("{{ a\nif b else c }}", ["a", "b", "c"]),
    ],
)
async def test_a_template_is_cut_into_its_names_and_the_rest(page: Page, text: str, names: list[str]) -> None:
    tokens = await result(page, "tokens", "m.tokens(a[0])", text)
    assert [token["text"] for token in tokens if token["kind"] == "name"] == names
    assert "".join(token["text"] for token in tokens) == text


@pytest.mark.parametrize(
    ("text", "typed", "close"),
    [
        ("Say ${to|", "to", "}"),
        ("Say {{ |", "", " }}"),
        ("Say {{to|", "to", " }}"),
        ("Say {{ to| }}", "to", ""),
        ("Say ${to|pic}", "to", ""),
        ("Say {{ to| | upper }}", "to", ""),
        ("Say to|", None, None),
        ("Say ${topic} |", None, None),
        ("Say {{ topic }}|", None, None),
    ],
)
async def test_names_are_offered_where_one_is_being_typed(
    page: Page, text: str, typed: str | None, close: str | None
) -> None:
    caret = text.index("|", 5)
    found = await result(page, "tokens", "m.typedName(a[0], a[1])", text[:caret] + text[caret + 1 :], caret)
    assert (found and found["typed"], found and found["close"]) == (typed, close)


async def test_names_that_begin_as_typed_come_first(page: Page) -> None:
    names = [{"name": name, "kind": "field", "from": ""} for name in ("subtopic", "topic", "tone")]
    found = await result(page, "completion", "m.fitting(a[0], a[1]).map((one) => one.name)", names, "TO")
    assert found == ["topic", "tone", "subtopic"]


async def test_the_names_offered_are_those_the_service_resolves(page: Page) -> None:
    def prompt(name: str, position: int, **more: Any) -> PromptDefinition:
        return PromptDefinition(PromptId(name.lower()), name, "-", "scripted/echo", position, **more)

    prompts = (
        prompt("Last", 2, input_mapping={"plan": "prompt_a.output"}),
        prompt("A", 0),
        prompt("B: twice", 1),
        prompt("b-twice", 1),
        prompt("日本", 0),
    )
    definition = Definition("Names", fields=(InputField("topic", FieldType.SHORT_TEXT),), prompts=prompts)
    for number, one in enumerate(prompts):
        call = f"m.knownNames(a[0], a[0].prompts[{number}]).map((one) => one.name)"
        assert set(await result(page, "names", call, as_json(definition))) == set(name_table(definition, one).sources)


async def test_only_what_means_something_is_sent(page: Page) -> None:
    field = {"name": "topic", "type": "short_text", "required": False, "options": {"choices": [], "placeholder": ""}}
    prompt = {
        "id": "p",
        "name": "",
        "content": "",
        "model": "m/x",
        "system": "",
        "temperature": 0,
        "timeouts": {"idle": None},
    }
    sent = await result(page, "definition", "m.cleaned(a[0])", {"name": "", "fields": [field], "prompts": [prompt]})
    assert sent["fields"][0]["options"] == {}
    assert sent["prompts"][0]["temperature"] == 0
    assert (sent["prompts"][0]["name"], sent["prompts"][0]["position"]) == ("", 0)
    assert "system" not in sent["prompts"][0]


@pytest.mark.parametrize(
    ("label", "name"), [("What is it about?", "what_is_it_about"), ("Größe", "gr_e"), ("日本", "")]
)
async def test_a_label_becomes_a_name(page: Page, label: str, name: str) -> None:
    assert await result(page, "definition", "m.fieldName(a[0])", label) == name
