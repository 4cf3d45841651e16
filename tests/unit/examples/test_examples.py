"""The examples that ship."""

from __future__ import annotations

from importlib.resources import files

from app.examples import EXAMPLES, load_examples
from lib.streaming.definition import FieldType
from lib.streaming.definition_check.models import check_models
from lib.streaming.input_check.check import check_inputs
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.prompt_processor.check import warn_about_prompts
from lib.streaming.prompt_processor.names import slug


def test_every_file_is_an_example_named_after_its_assistant() -> None:
    shipped = sorted(file.name for file in files("app.examples").iterdir() if file.name.endswith(".json"))
    assert shipped == sorted(f"{name}.json" for name in EXAMPLES)
    assert [slug(definition.name) for definition in load_examples()] == list(EXAMPLES)


def test_they_are_the_same_each_time_ids_included() -> None:
    first, second = load_examples(), load_examples()
    assert first == second
    assert all(prompt.id for definition in first for prompt in definition.prompts)


def test_they_have_nothing_an_author_would_be_warned_of() -> None:
    catalogue = ModelCatalogue({"local": ("smollm2",)})
    for definition in load_examples():
        assert check_models(definition, catalogue) == []
        assert warn_about_prompts(definition) == []


def test_they_show_one_prompt_a_chain_a_merge_and_every_field_type() -> None:
    one, chain, merge, fields = load_examples()
    assert [prompt.position for prompt in one.prompts] == [0]
    assert [prompt.position for prompt in chain.prompts] == [0, 1, 2]
    assert [prompt.position for prompt in merge.prompts] == [0, 0, 1]
    assert {field.type for field in fields.fields} == set(FieldType)


def test_their_placeholders_are_inputs_that_run() -> None:
    for definition in load_examples():
        inputs = {field.name: text for field in definition.fields if (text := field.options.placeholder)}
        assert check_inputs(definition, inputs)[1] == []
