"""Which model a name in a file means here."""

from __future__ import annotations

import pytest

from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.origin_format.model_mapping import ModelMapping

MAPPING = ModelMapping(
    ModelCatalogue(
        {
            "openai": (),
            "anthropic": ("claude-sonnet-5",),
            "gemini": ("gemini-3-pro",),
            "local": ("smollm2", "shared"),
            "other": ("shared",),
        }
    ),
    renamed={"house-model": "local/smollm2"},
    stand_ins={"anthropic": "claude-sonnet-5"},
)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("local/smollm2", "local/smollm2"),
        ("openai/anything", "openai/anything"),
        ("house-model", "local/smollm2"),
        ("smollm2", "local/smollm2"),
        ("shared", None),
        ("gpt-4o", "openai/gpt-4o"),
        ("o3-mini", "openai/o3-mini"),
        ("azure/gpt-4o", "openai/gpt-4o"),
        ("claude-sonnet", "anthropic/claude-sonnet-5"),
        ("us.anthropic.claude-v2", "anthropic/claude-sonnet-5"),
        ("gemini-3-pro", "gemini/gemini-3-pro"),
        ("gemini-1.0", None),
        ("foo3", None),
        ("local/", None),
        ("unknown-model-xyz", None),
    ],
)
def test_a_name_is_exact_or_listed_once_or_of_a_configured_family(name: str, model: str | None) -> None:
    assert MAPPING.find(name) == model


def test_the_importers_word_comes_first_and_the_star_last() -> None:
    mapping = ModelMapping(MAPPING.catalogue, renamed={"gpt-4o": "local/smollm2", "*": "local/shared"})
    assert [mapping.find(name) for name in ("gpt-4o", "gpt-5", "unknown-model-xyz")] == [
        "local/smollm2",
        "openai/gpt-5",
        "local/shared",
    ]


def test_a_family_without_a_configured_provider_is_no_match() -> None:
    assert ModelMapping(ModelCatalogue({"local": ("smollm2",)})).find("gpt-4o") is None
