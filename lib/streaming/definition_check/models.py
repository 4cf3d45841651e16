"""Models a definition names against those that can be called here."""

from __future__ import annotations

from lib.streaming.definition import Definition, DefinitionProblem
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import listed, shown, suggestion
from lib.streaming.model_catalogue import ModelCatalogue


def check_models(definition: Definition, catalogue: ModelCatalogue) -> list[DefinitionProblem]:
    """A problem for every model whose provider is not configured, or does not offer it."""
    named = [
        (f"prompts[{number}].{key}", model)
        for number, prompt in enumerate(definition.prompts)
        for key, model in [
            ("model", prompt.model),
            *((f"fallbackModels[{at}]", model) for at, model in enumerate(prompt.fallback_models)),
        ]
    ]
    return [_problem(path, model, catalogue) for path, model in named if not catalogue.offers(model)]


def _problem(path: str, model: str, catalogue: ModelCatalogue) -> DefinitionProblem:
    provider, _, model_id = model.partition("/")
    ids = catalogue.models.get(provider)
    if ids is None:
        advice = suggestion(provider, catalogue.models, f"Configured: {listed(catalogue.models) or 'none'}.")
        message = f"No provider '{shown(provider)}' is configured here. {advice}"
        return DefinitionProblem(path, ProblemCode.UNKNOWN_PROVIDER, message)
    advice = suggestion(model_id, ids, f"It offers: {listed(ids)}.")
    message = f"The provider '{provider}' has no model '{shown(model_id)}'. {advice}"
    return DefinitionProblem(path, ProblemCode.UNKNOWN_MODEL, message)
