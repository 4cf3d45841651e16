"""The guide for authors names everything the language has."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.streaming.prompt_template.filters import FILTERS
from lib.streaming.prompt_template.frame import LOOP_FACTS
from lib.streaming.prompt_template.predicates import PREDICATES
from lib.streaming.prompt_template.problems import TemplateCode

GUIDE = (Path(__file__).parents[4] / "docs" / "templates.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", sorted({*FILTERS, *PREDICATES, *LOOP_FACTS, *TemplateCode}))
def test_the_guide_names_every_filter_test_fact_and_problem(word: str) -> None:
    assert f"`{word}`" in GUIDE or f"is {word}`" in GUIDE or f"loop.{word}`" in GUIDE
