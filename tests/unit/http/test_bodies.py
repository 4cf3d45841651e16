"""Bodies that do not fit: every place is named."""

from __future__ import annotations

import msgspec
import pytest

from app.http.bodies import decode_body
from app.http.problems import ApiError


class Field(msgspec.Struct):
    name: str
    size: int | None = None


class Form(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    fields: list[Field]
    first: Field | None = None
    counts: dict[str, int] = {}
    pair: tuple[int, ...] = ()
    either: int | str = 0


def problems(text: str) -> dict[str, str]:
    with pytest.raises(ApiError) as refused:
        decode_body(text.encode(), Form)
    assert refused.value.code == "invalid_request"
    return {error.path: error.message for error in refused.value.errors}


def test_a_body_that_fits_is_decoded() -> None:
    assert decode_body(b'{"title": "a", "fields": [{"name": "b"}]}', Form) == Form("a", [Field("b")])


def test_every_place_is_named_at_once() -> None:
    found = problems(
        '{"title": 1, "fields": [{"name": "a"}, {"size": "b"}, 3], "first": {"name": null}, '
        '"counts": {"x": "y"}, "pair": [1, "2"], "either": [], "extra": 1}'
    )
    assert set(found) == {
        "title", "fields[1].name", "fields[1].size", "fields[2]", "first.name", "counts[...]", "pair[1]", "either",
        "extra",
    }  # fmt: skip
    assert found["fields[1].name"] == "It is missing."
    assert found["title"] == "Expected `str`, got `int`"


def test_a_body_that_is_no_object_is_one_problem() -> None:
    assert problems("[]") == {"": "Expected `object`, got `array`"}
