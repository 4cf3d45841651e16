"""From a definition, inputs and results to messages: one pass, nothing missing, nothing empty."""

from __future__ import annotations

import threading

import pytest

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.prompt_decoder import decode_editor_escapes
from lib.streaming.prompt_processor.check import check_prompts
from lib.streaming.prompt_processor.processor import QUICK_SOURCE, PromptProcessor
from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.problems import TemplateCode, TemplateError
from lib.streaming.prompt_template.template import Template
from lib.streaming.types import Message, PromptId, Role, Value


def prompt(id: str, content: str, position: int = 0, **more: object) -> PromptDefinition:
    return PromptDefinition(PromptId(id), id.title(), content, "m/m", position, **more)  # type: ignore[arg-type]


def chain(*prompts: PromptDefinition, fields: tuple[str, ...] = ("topic", "notes")) -> Definition:
    return Definition(
        "A chain", fields=tuple(InputField(name, FieldType.LONG_TEXT) for name in fields), prompts=prompts
    )


def messages(
    definition: Definition, inputs: dict[str, Value] | None = None, results: dict[str, str] | None = None
) -> tuple[Message, ...]:
    """The messages of the last prompt of a definition."""
    known = {PromptId(key): text for key, text in (results or {}).items()}
    return PromptProcessor(TemplateCache()).messages(definition, definition.prompts[-1], inputs or {}, known)


def content(
    definition: Definition, inputs: dict[str, Value] | None = None, results: dict[str, str] | None = None
) -> str:
    return messages(definition, inputs, results)[-1].content


def problems(definition: Definition, inputs: dict[str, Value] | None = None) -> list[tuple[TemplateCode, str | None]]:
    with pytest.raises(TemplateError) as failed:
        messages(definition, inputs)
    assert failed.value.code == "template_error"
    return [(problem.code, problem.name) for problem in failed.value.problems]


def test_a_prompt_is_one_user_message() -> None:
    assert messages(chain(prompt("a", "About ${topic}.")), {"topic": "stars"}) == (Message(Role.USER, "About stars."),)


def test_a_system_text_comes_first_and_is_a_template_too() -> None:
    definition = chain(prompt("a", "Go", system="You know {{ topic }}."))
    assert messages(definition, {"topic": "stars"}) == (
        Message(Role.SYSTEM, "You know stars."),
        Message(Role.USER, "Go"),
    )


def test_a_system_text_that_says_nothing_is_left_out() -> None:
    assert [message.role for message in messages(chain(prompt("a", "Go", system="{{ topic }} \n")))] == [Role.USER]


def test_an_input_that_was_not_given_is_empty_text() -> None:
    definition = chain(prompt("a", "[${topic}] [{{ notes | default('none', true) }}]"))
    assert content(definition, {"topic": None}) == "[] [none]"


def test_every_name_of_an_earlier_prompt_means_its_result() -> None:
    definition = chain(
        prompt("draft", "x"),
        prompt("final", "${draft} {{draft}} ${prompt_0_output} {{ result_1 }} ${mapped}", 1,
               input_mapping={"mapped": "prompt_draft.output"}),
    )  # fmt: skip
    assert content(definition, results={"draft": "D"}) == "D D D D D"


def test_an_earlier_prompt_without_a_result_is_empty_text_and_keeps_its_number() -> None:
    definition = chain(
        prompt("a", "x", 0), prompt("b", "x", 1), prompt("c", "[{{ result_1 }}][{{ result_2 }}][${a}]", 2)
    )
    assert content(definition, results={"b": "B"}) == "[][B][]"


def test_an_empty_result_is_a_result() -> None:
    definition = chain(prompt("a", "x"), prompt("b", "[${a}]", 1))
    assert content(definition, results={"a": ""}) == "[]"


def test_lists_read_as_people_write_them() -> None:
    assert content(chain(prompt("a", "${topic}")), {"topic": ["x", "y"]}) == "x, y"


HOSTILE = ["{{ secret }}", "${secret} ${result_1}", "{% if x %}", "&#36;{secret}", "$& $1 $$ \\1", "{0.__class__}"]


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_and_results_pass_through_a_chain_byte_for_byte(text: str) -> None:
    definition = chain(
        prompt("a", "${topic}", 0), prompt("b", "{{ a }}", 1), prompt("c", "${b}", 2), fields=("topic", "secret")
    )
    processor = PromptProcessor(TemplateCache())
    results: dict[PromptId, str] = {}
    for step in definition.prompts:
        (message,) = processor.messages(definition, step, {"topic": text, "secret": "CANARY"}, results)
        results[step.id] = message.content
    assert set(results.values()) == {text}


def test_a_sibling_is_never_visible() -> None:
    assert problems(chain(prompt("a", "x", 1), prompt("b", "${a} ${result_1}", 1))) == [
        (TemplateCode.UNKNOWN_NAME, "a"),
        (TemplateCode.UNKNOWN_NAME, "result_1"),
    ]


def test_every_problem_of_both_texts_and_the_mapping_is_told_at_once() -> None:
    definition = chain(prompt("a", "${x} ${mapped}", system="{{ y }}", input_mapping={"mapped": "input.ghost"}))
    assert problems(definition) == [
        (TemplateCode.UNKNOWN_NAME, "mapped"),
        (TemplateCode.UNKNOWN_NAME, "y"),
        (TemplateCode.UNKNOWN_NAME, "x"),
    ]


@pytest.mark.parametrize("source", ["${topic}", "{{ notes }} \n\t", "{% if topic %}{{ topic }}{% endif %}"])
def test_an_empty_prompt_is_never_sent(source: str) -> None:
    assert problems(chain(prompt("a", source)), {"topic": " "}) == [(TemplateCode.EMPTY, None)]


def test_a_template_that_got_past_the_checks_fails_its_prompt() -> None:
    assert problems(chain(prompt("a", "{{ topic.__class__ }}"))) == [(TemplateCode.FORBIDDEN, "__class__")]


def test_a_chain_written_for_the_origin_means_what_it_meant_there() -> None:
    stored = [
        ("Draft", 0, "Plan for grade &#x24;{grade} about \\${topic}.\n\nNotes: $\\{notes\\}\nStandards: ${standards}"),
        ("Critique: clarity", 1, "Critique the clarity of:\n\n${draft}"),
        ("Critique: inclusion", 1, "Critique the inclusion of:\n\n{{prompt_0_output}}"),
        (
            "Final",
            5,
            "{{ draft }}|${critique-clarity}|{{critique-inclusion}}|{{result\\_1}}|&amp;#x24;5 and {not a variable}",
        ),
    ]
    prompts = [
        PromptDefinition(PromptId(name), name, decode_editor_escapes(text), "m/m", position)
        for name, position, text in stored
    ]
    definition = chain(*prompts, fields=("grade", "topic", "standards", "notes"))
    assert check_prompts(definition) == []
    inputs: dict[str, Value] = {"grade": "3-5", "topic": "fractions", "standards": ["A", "B"]}
    processor = PromptProcessor(TemplateCache())
    results: dict[PromptId, str] = {}
    sent = []
    for step in prompts:
        (message,) = processor.messages(definition, step, inputs, results)
        results[step.id] = f"<{step.name}>"
        sent.append(message.content)
    assert sent == [
        "Plan for grade 3-5 about fractions.\n\nNotes: \nStandards: A, B",
        "Critique the clarity of:\n\n<Draft>",
        "Critique the inclusion of:\n\n<Draft>",
        "<Draft>|<Critique: clarity>|<Critique: inclusion>|<Draft>|$5 and {not a variable}",
    ]


class NotedCache(TemplateCache):
    """Notes for each use of a text that says something whether it was on the event loop's thread."""

    def __init__(self) -> None:
        super().__init__()
        self.on_the_loop: list[bool] = []

    def template(self, source: str) -> Template:
        if source:
            self.on_the_loop.append(threading.current_thread() is threading.main_thread())
        return super().template(source)


LOOPS = "{% for a in xs %}{% for b in xs %}{% endfor %}{% endfor %}done"


@pytest.mark.parametrize(
    ("content", "first", "again"),
    [
        ("{{ topic }}", [True], [True]),
        ("{{ topic }}" + "." * QUICK_SOURCE, [False], [True]),
        (LOOPS, [True, False], [True, False]),
    ],
    ids=["short", "long and not compiled yet", "short and much work"],
)
async def test_what_takes_long_leaves_the_event_loop(content: str, first: list[bool], again: list[bool]) -> None:
    step = PromptDefinition(PromptId("p"), "Step", content, "any/model")
    fields = (InputField("topic", FieldType.SHORT_TEXT, "Topic"), InputField("xs", FieldType.MULTI_SELECT, "Many"))
    definition = Definition("One step", fields=fields, prompts=(step,))
    inputs: dict[str, Value] = {"topic": "the sea", "xs": ["x"] * 200}
    cache = NotedCache()
    processor = PromptProcessor(cache)
    prepared = [await processor.prepare(definition, step, inputs, {}) for _ in range(2)]
    assert cache.on_the_loop == first + again
    assert prepared == [processor.messages(definition, step, inputs, {})] * 2


async def test_what_cannot_be_rendered_fails_at_once_and_the_same_way() -> None:
    cache = NotedCache()
    step = PromptDefinition(PromptId("p"), "Step", "{{ nobody }}", "any/model")
    with pytest.raises(TemplateError) as refused:
        await PromptProcessor(cache).prepare(Definition("One step", prompts=(step,)), step, {}, {})
    assert [problem.code for problem in refused.value.problems] == [TemplateCode.UNKNOWN_NAME]
    assert cache.on_the_loop == [True]
