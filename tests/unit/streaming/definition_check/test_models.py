"""Models against the catalogue of what can be called."""

from __future__ import annotations

from lib.streaming.definition import Definition, PromptDefinition
from lib.streaming.definition_check.models import check_models
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.types import PromptId

CATALOGUE = ModelCatalogue({"openai": (), "local": ("smollm2",)})


def found(model: str, *fallbacks: str) -> list[tuple[str, str]]:
    prompt = PromptDefinition(id=PromptId("p"), name="x", content="x", model=model, fallback_models=fallbacks)
    return [(problem.path, problem.code) for problem in check_models(Definition("abc", prompts=(prompt,)), CATALOGUE)]


def test_a_provider_that_lists_nothing_is_trusted_with_any_model() -> None:
    assert found("openai/whatever", "local/smollm2") == []


def test_a_model_its_provider_does_not_list_is_a_problem() -> None:
    assert found("local/smolm2") == [("prompts[0].model", "unknown_model")]


def test_an_unknown_provider_is_a_problem_wherever_it_is_named() -> None:
    assert found("opnai/x", "nobody/x") == [
        ("prompts[0].model", "unknown_provider"),
        ("prompts[0].fallbackModels[0]", "unknown_provider"),
    ]


def test_the_message_names_what_was_probably_meant() -> None:
    prompt = PromptDefinition(id=PromptId("p"), name="x", content="x", model="opnai/gpt-5")
    problems = check_models(Definition("abc", prompts=(prompt,)), CATALOGUE)
    assert problems[0].message == "No provider 'opnai' is configured here. Did you mean 'openai'?"
