"""Points in time on the way in and out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from app.api.moment import milliseconds, moment


def test_a_moment_is_written_with_milliseconds_and_z() -> None:
    assert moment(1_700_000_000_007) == "2023-11-14T22:13:20.007Z"
    assert moment(None) is None


def test_a_moment_is_read_back_to_the_same_milliseconds() -> None:
    written = moment(1_700_000_000_007)
    assert milliseconds(datetime.fromisoformat(written)) == 1_700_000_000_007


def test_a_moment_without_an_offset_is_utc() -> None:
    plain = datetime(2026, 1, 1)  # noqa: DTZ001
    assert milliseconds(plain) == milliseconds(plain.replace(tzinfo=UTC))
    east = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert milliseconds(east) == milliseconds(plain)
    assert milliseconds(None) is None
