"""Values as pages show them, and where the time of an attempt went."""

from __future__ import annotations

import pytest

from app.db.records import AttemptRecord, ExecutionRecord
from app.http.problems import ApiError
from app.web.admin.timing import timing
from app.web.days import day
from app.web.formats import duration, iso, kebab, moment, money, number, price, status
from lib.streaming.types import (
    AssistantId,
    ExecutionId,
    ExecutionStatus,
    PrincipalId,
    PromptStatus,
)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        *((None, "–"), (0, "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_940, "59.9 s"), (65_000, "1 min 05 s")),
        *((3_600_000, "1 h 00 min"), (7_380_000, "2 h 03 min")),
    ],
)
def test_a_duration_is_as_exact_as_its_size_wants(ms: float | None, text: str) -> None:
    assert duration(ms) == text


def test_numbers_and_moments_are_for_reading() -> None:
    assert (number(1_234_567), number(2.5), number(None)) == ("1\u202f234\u202f567", "2.50", "–")
    assert (moment(0), moment(None)) == ("1970-01-01 00:00:00", "–")
    assert iso(1_500) == "1970-01-01T00:00:01.500Z"
    assert (status("cancelled"), status("half_open")) == ("Stopped", "Half open")
    assert kebab("API keys") == "api-keys"


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (None, "–"), (0, "$0"), (1, "< $0.0001"), (99_999, "< $0.0001"), (100_000, "$0.0001"), (4_200_000, "$0.0042"),
        (999_999_999, "$1.0000"), (1_000_000_000, "$1.00"), (1_234_567_890_000, "$1,234.57"),
    ],
)  # fmt: skip
def test_money_is_for_reading(nano: int | None, shown: str) -> None:
    assert money(nano) == shown


@pytest.mark.parametrize(
    ("dollars", "shown"), [("0", "$0.00"), ("2.5", "$2.50"), ("0.075", "$0.075"), ("1200", "$1,200.00")]
)
def test_a_price_is_exact(dollars: str, shown: str) -> None:
    assert price(dollars) == shown


def run(created_ms: int) -> ExecutionRecord:
    return ExecutionRecord(
        id=ExecutionId("e"),
        principal_id=PrincipalId("p"),
        assistant_id=AssistantId("a"),
        assistant_name="",
        version=1,
        status=ExecutionStatus.COMPLETED,
        code=None,
        message=None,
        ended_by=None,
        usage=None,
        created_ms=created_ms,
        started_ms=None,
        finished_ms=None,
        cost_nano=None,
        inputs={},
        contents_removed_ms=None,
        rerun_of=None,
        on_disconnect="continue",
        epoch=1,
        cancel_requested=None,
        prompts=(),
    )


def attempt(started_ms: int | None, first_token_ms: int | None, duration_ms: int | None) -> AttemptRecord:
    return AttemptRecord(
        attempt=1,
        status=PromptStatus.COMPLETED,
        model=None,
        provider=None,
        messages=(),
        output="",
        reasoning="",
        finish_reason=None,
        usage=None,
        started_ms=started_ms,
        first_token_ms=first_token_ms,
        duration_ms=duration_ms,
        code=None,
        message=None,
        kept_from=None,
        cost_nano=None,
    )


def test_the_parts_of_a_bar_are_the_whole_bar() -> None:
    spans = timing(run(1_000), attempt(1_100, 200, 300))
    assert [(span.kind, span.ms) for span in spans] == [("before", 100), ("silent", 200), ("text", 100)]
    assert [(span.start, span.width) for span in spans] == [(0, 250), (250, 500), (750, 250)]


def test_an_attempt_without_a_word_has_no_text_and_one_that_never_began_no_bar() -> None:
    assert [span.kind for span in timing(run(0), attempt(0, None, 50))] == ["silent"]
    assert timing(run(0), attempt(None, None, None)) == ()


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "1969-12-31", "9999-01-01"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="from"):
        day(text, "from")


def test_a_day_begins_at_midnight_and_the_last_one_is_whole() -> None:
    assert day("", "to") is None
    assert day("2026-11-25", "to", later=1) == day("2026-11-26", "to")
