"""What two versions differ in: readable lines, and the rows made of them."""

from __future__ import annotations

import msgspec
import pytest

from app.web.authoring.difference import Mark, difference
from app.web.authoring.readable import lines_of
from lib.streaming.definition import Choice, Definition, FieldOptions, FieldType, InputField
from tests.support.service import echo

OF = {Mark.SAME: " ", Mark.REMOVED: "-", Mark.ADDED: "+", Mark.LEFT_OUT: "…"}
MANY = [f"line {number}" for number in range(20)]


def shown(before: list[str], after: list[str]) -> list[str]:
    return [OF[row.mark] + "".join(piece.text for piece in row.pieces) for row in difference(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ([], [], []),
        (["a"], ["a"], []),
        ([], ["a"], ["+a"]),
        (["a"], [], ["-a"]),
        (["a", "b"], ["a", "c"], [" a", "-b", "+c"]),
        (["a", ""], ["a", "", ""], [" a", " ", "+"]),
        (
            MANY,
            [*MANY[:10], "new", *MANY[10:]],
            [
                "…7 unchanged lines",
                " line 7",
                " line 8",
                " line 9",
                "+new",
                " line 10",
                " line 11",
                " line 12",
                "…7 unchanged lines",
            ],
        ),
        (MANY, ["line 0", *MANY[2:]], [" line 0", "-line 1", " line 2", " line 3", " line 4", "…15 unchanged lines"]),
    ],
)
def test_changes_are_rows_with_a_few_lines_around_them(before: list[str], after: list[str], rows: list[str]) -> None:
    assert shown(before, after) == rows


def test_of_lines_that_were_edited_the_words_that_differ_are_marked() -> None:
    removed, added = difference(["write one short line"], ["write two short lines"])
    assert [piece.text for piece in removed.pieces if piece.is_changed] == ["one ", "line"]
    assert [piece.text for piece in added.pieces if piece.is_changed] == ["two ", "lines"]


def test_numbers_are_those_of_each_side() -> None:
    rows = difference(["a", "b", "c"], ["a", "c"])
    assert [(row.before, row.after) for row in rows] == [(1, 1), (2, None), (3, 2)]


def test_long_lines_and_long_texts_are_compared_in_reasonable_time() -> None:
    before = ["word " * 20_000, *(f"{number % 7}" for number in range(6000))]
    after = ["word " * 20_001, *(f"{number % 5}" for number in range(6000))]
    assert difference(before, after)


def test_every_part_of_a_definition_is_in_its_lines() -> None:
    plain = echo()
    (field,), (prompt,) = plain.fields, plain.prompts
    choices = FieldOptions(choices=(Choice("x", "An X"),), max_selections=1)
    changed = [
        msgspec.structs.replace(plain, name="Other"),
        msgspec.structs.replace(plain, description="For what"),
        msgspec.structs.replace(plain, on_disconnect="cancel"),
        msgspec.structs.replace(plain, timeout_seconds=9.0),
        msgspec.structs.replace(plain, fields=()),
        msgspec.structs.replace(plain, fields=(InputField("topic", FieldType.SELECT, "Topic", True, choices),)),
        msgspec.structs.replace(plain, fields=(msgspec.structs.replace(field, required=False),)),
        *(
            msgspec.structs.replace(plain, prompts=(msgspec.structs.replace(prompt, **{name: value}),))
            for name, value in {
                "name": "Other",
                "content": "Sing",
                "model": "m/other",
                "position": 3,
                "system": "Be brief",
                "fallback_models": ("m/second",),
                "input_mapping": {"a": "input.topic"},
                "max_output_tokens": 5,
                "temperature": 0.5,
            }.items()
        ),
    ]
    lines = [tuple(lines_of(one)) for one in (plain, *changed)]
    assert len(set(lines)) == len(lines)
    assert lines_of(Definition("Same")) == lines_of(Definition("Same"))
