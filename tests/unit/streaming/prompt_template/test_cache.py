"""The cache keeps what was compiled, within bounds."""

from __future__ import annotations

import pytest

from lib.streaming.prompt_template.cache import TemplateCache
from lib.streaming.prompt_template.problems import TemplateError


def test_the_same_source_is_compiled_once() -> None:
    cache = TemplateCache()
    assert cache.template("{{ a }}") is cache.template("{{ a }}")


def test_the_least_recently_used_template_is_forgotten_first() -> None:
    cache = TemplateCache(templates=2)
    first, second = cache.template("1"), cache.template("2")
    assert cache.template("1") is first
    cache.template("3")
    assert cache.template("1") is first
    assert cache.template("2") is not second
    assert len(cache) == 2


def test_long_sources_count_by_their_length() -> None:
    cache = TemplateCache(templates=100, characters=1_000)
    for number in range(10):
        cache.template(f"{number}" * 300)
    assert len(cache) == 3


def test_a_source_larger_than_the_cache_is_compiled_and_not_kept() -> None:
    cache = TemplateCache(characters=10)
    assert cache.template("a" * 11).render({}) == "a" * 11
    assert len(cache) == 0


def test_a_refused_source_is_not_kept() -> None:
    cache = TemplateCache()
    with pytest.raises(TemplateError):
        cache.template("{{ a() }}")
    assert len(cache) == 0
