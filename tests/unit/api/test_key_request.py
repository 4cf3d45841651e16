"""What a new key may be."""

from __future__ import annotations

import msgspec
import pytest

from app.api.key_request import KeyRequest, read_key
from app.db.records import UserRole
from app.http.principal import Principal, Scope, Via
from app.http.problems import ApiError
from lib.streaming.types import PrincipalId

NOW = 1_800_000_000_000
READER = frozenset({Scope.EXECUTIONS_READ, Scope.KEYS_WRITE})


def read(**members: object) -> KeyRequest:
    caller = Principal(
        id=PrincipalId("ada"),
        role=UserRole.USER,
        scopes=READER,
        via=Via.KEY,
        name="Ada",
        email="ada@example.org",
        credential="key",
    )
    return read_key(msgspec.json.encode(members), caller, NOW)


def test_a_key_without_scopes_gets_those_of_its_maker() -> None:
    assert read(name="ci") == KeyRequest("ci", READER, None)


def test_a_key_gets_the_scopes_it_asks_for() -> None:
    assert read(name="ci", scopes=["executions:read"]).scopes == {Scope.EXECUTIONS_READ}


def test_a_key_cannot_do_more_than_its_maker() -> None:
    with pytest.raises(ApiError) as refused:
        read(name="ci", scopes=["executions:read", "admin", "fly"])
    assert [error.path for error in refused.value.errors] == ["scopes[1]", "scopes[2]"]


@pytest.mark.parametrize("text", ["tomorrow", "", "2026-13-01", "2020-01-01T00:00:00Z"])
def test_an_expiry_that_is_no_time_or_has_passed_is_a_problem(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        read(name="ci", expiresAt=text)
    assert [error.path for error in refused.value.errors] == ["expiresAt"]


def test_an_expiry_is_kept_to_the_millisecond() -> None:
    assert read(name="ci", expiresAt="2027-01-31T00:00:00.250Z").expires_ms == 1_801_353_600_250


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ApiError) as refused:
        read(name=" ", scopes="all", expiresAt=5, colour="blue")
    assert {error.path for error in refused.value.errors} == {"name", "scopes", "expiresAt", "colour"}
