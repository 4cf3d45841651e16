"""What is exported imports to the same."""

from __future__ import annotations

import json

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.streaming.definition import (
    Choice,
    Definition,
    FieldOptions,
    FieldType,
    InputField,
    PromptDefinition,
    Timeouts,
)
from lib.streaming.definition_check.parse import parse_definition
from lib.streaming.origin_format.exporting import export_assistants, lost_in_export
from lib.streaming.origin_format.importing import import_assistants
from lib.streaming.types import OnError, PromptId
from tests.support.origin_file import MODELS, SAMPLE

texts = st.text(st.characters(codec="utf-8", exclude_characters="$`{}%#&\\"), min_size=1, max_size=20).map(
    lambda text: f"x{text}x"
)
lines = st.from_regex(r"[A-Za-zé ]{3,20}", fullmatch=True).filter(lambda text: len(text.strip()) >= 3).map(str.strip)
choices = st.lists(texts, min_size=1, max_size=4, unique=True).map(
    lambda values: tuple(Choice(value, label) for value, label in zip(values, ("", "One", "Two", ""), strict=False))
)
options = {
    FieldType.SHORT_TEXT: st.builds(FieldOptions, placeholder=st.none() | texts, max_length=st.none() | st.just(50)),
    FieldType.LONG_TEXT: st.builds(FieldOptions, rows=st.none() | st.integers(1, 20), default=st.none() | texts),
    FieldType.SELECT: st.builds(FieldOptions, choices=choices),
    FieldType.MULTI_SELECT: st.builds(FieldOptions, choices=choices, min_selections=st.sampled_from([None, 0, 1])),
    FieldType.FILE_UPLOAD: st.builds(FieldOptions, accept=st.none() | st.just(".txt"), multiple=st.booleans()),
}


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    names = draw(st.lists(st.from_regex(r"[a-z_][0-9a-z_]{0,8}", fullmatch=True), max_size=4, unique=True))
    fields = []
    for name in names:
        kind = draw(st.sampled_from(FieldType))
        fields.append(InputField(name, kind, draw(texts), draw(st.booleans()), draw(options[kind])))
    prompts = st.builds(
        PromptDefinition,
        id=st.just(PromptId("")),
        name=lines,
        content=texts,
        model=st.sampled_from(["openai/gpt-5", "local/smollm2"]),
        position=st.integers(0, 5),
        system=st.none() | texts,
        timeouts=st.builds(Timeouts, total=st.none() | st.integers(1, 900)),
    )
    return Definition(
        name=draw(lines),
        description=draw(texts),
        fields=tuple(fields),
        prompts=tuple(draw(st.lists(prompts, min_size=1, max_size=5))),
        timeout_seconds=draw(st.none() | st.integers(1, 900)),
    )


def again(definition: Definition) -> Definition | None:
    file = export_assistants([definition], "2026-11-21T10:00:00.000Z", "test")
    [result] = import_assistants(file, MODELS).assistants
    assert result.problems == ()
    assert result.notes == ()
    return result.definition


# How long an example takes is the machine's business: no deadline, and slow drawing is no fault.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(definitions())
def test_an_exported_definition_imports_as_it_was(definition: Definition) -> None:
    assert parse_definition(msgspec.json.decode(msgspec.json.encode(definition))) == (definition, [])
    assert lost_in_export(definition) == []
    assert again(definition) == definition


def test_an_imported_file_goes_out_and_comes_back_the_same() -> None:
    first = import_assistants(SAMPLE, MODELS).assistants
    known = [result.definition for result in first if result.definition is not None]
    file = export_assistants(known, "2026-11-21T10:00:00.000Z", "test")
    assert [result.definition for result in import_assistants(file, MODELS).assistants] == known


def test_the_file_says_what_it_is() -> None:
    file = json.loads(export_assistants([], "2026-11-21T10:00:00.000Z", "test"))
    assert file == {
        "version": "1.0",
        "exported_at": "2026-11-21T10:00:00.000Z",
        "export_source": "test",
        "assistants": [],
    }


def test_what_the_format_has_no_place_for_is_named() -> None:
    prompt = PromptDefinition(
        id=PromptId("p"),
        name="x",
        content="x",
        model="a/b",
        fallback_models=("c/d",),
        input_mapping={"x": "prompt_p.output"},
        timeouts=Timeouts(idle=1, total=2),
        max_output_tokens=1,
        temperature=0,
    )
    definition = Definition("abc", prompts=(prompt,), on_error=OnError.CONTINUE, on_disconnect="cancel")
    assert [problem.path for problem in lost_in_export(definition)] == [
        "onError",
        "onDisconnect",
        "prompts[0].fallbackModels",
        "prompts[0].timeouts",
        "prompts[0].maxOutputTokens",
        "prompts[0].temperature",
        "prompts[0].inputMapping",
    ]


def test_a_mapping_by_id_leaves_as_one_by_place() -> None:
    first = PromptDefinition(id=PromptId("id-1"), name="Draft", content="x", model="local/smollm2")
    second = PromptDefinition(
        id=PromptId("id-2"),
        name="Second",
        content="${text} ${again}",
        model="local/smollm2",
        position=1,
        input_mapping={"text": "prompt_id-1.output", "again": "id-1"},
    )
    definition = Definition("abc", prompts=(first, second))
    assert lost_in_export(definition) == []
    back = again(definition)
    assert back is not None
    assert back.prompts[1].input_mapping == {"text": "draft", "again": "draft"}
