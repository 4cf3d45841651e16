"""What a client says it has seen."""

from __future__ import annotations

import pytest

from app.api.delivery import check_protocol, event_number
from app.http.problems import ApiError


@pytest.mark.parametrize(
    ("text", "number"), [(None, 0), ("0", 0), ("7", 7), ("007", 7), ("999999999999999", 10**15 - 1)]
)
def test_a_number_is_taken_as_it_is(text: str | None, number: int) -> None:
    assert event_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "abc", "1e3", " 7", "٧", "1" + "0" * 30, "019a-another-run"])
def test_nonsense_means_everything_is_sent(text: str) -> None:
    assert event_number(text) == 0


def test_only_the_native_wire_is_spoken() -> None:
    check_protocol("native")
    with pytest.raises(ApiError) as planned:
        check_protocol("ai-sdk")
    with pytest.raises(ApiError) as unknown:
        check_protocol("morse")
    assert (planned.value.code, unknown.value.code) == ("protocol_not_available", "invalid_request")
