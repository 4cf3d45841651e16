"""What a start's body means, and everything that can be wrong with it."""

from __future__ import annotations

import msgspec
import pytest

from app.api.start_request import StartRequest, read_start
from app.http.problems import ApiError
from lib.streaming.types import AssistantId


def start(**members: object) -> StartRequest:
    return read_start(msgspec.json.encode(members))


def paths(request: StartRequest) -> list[str]:
    return [problem.path for problem in request.problems]


@pytest.mark.parametrize("key", ["toolId", "assistantId"])
def test_both_names_of_the_assistant_mean_the_same(key: str) -> None:
    assert start(**{key: "echo"}).assistant == "echo"


def test_both_names_may_be_given_if_they_agree() -> None:
    assert start(toolId="echo", assistantId="echo").problems == ()
    assert paths(start(toolId="echo", assistantId="other")) == ["toolId"]


def test_every_problem_is_told_at_once() -> None:
    request = start(toolId="echo", version=0, onDisconnect="leave", colour="blue")
    assert sorted(paths(request)) == ["colour", "onDisconnect", "version"]


@pytest.mark.parametrize("policy", ["continue", "cancel", "finish_prompt", "grace:0", "grace:90"])
def test_a_disconnect_policy_is_taken_as_it_is_written(policy: str) -> None:
    request = start(toolId="echo", onDisconnect=policy)
    assert (request.on_disconnect, request.problems) == (policy, ())


@pytest.mark.parametrize("policy", ["", "grace:", "grace:-1", "grace:999999", "CONTINUE", " continue"])
def test_any_other_disconnect_policy_is_a_problem(policy: str) -> None:
    assert paths(start(toolId="echo", onDisconnect=policy)) == ["onDisconnect"]


@pytest.mark.parametrize("version", [1.5, "1", True, -1, 2**40])
def test_a_version_is_a_whole_number_above_zero(version: object) -> None:
    assert paths(start(toolId="echo", version=version)) == ["version"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b'{"toolId": "\xff"}', "malformed_json"),
        (b'{"toolId": NaN}', "malformed_json"),
        (b"[" * 200_000, "malformed_json"),
        (b"[]", "invalid_input"),
        (b"null", "invalid_input"),
        (b'"echo"', "invalid_input"),
        (b"{}", "invalid_input"),
        (b'{"toolId": ""}', "invalid_input"),
        (b'{"toolId": 7}', "invalid_input"),
        (b'{"toolId": "a\\u0000b"}', "invalid_input"),
    ],
    ids=repr,
)
def test_a_body_that_names_no_assistant_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(ApiError) as refused:
        read_start(body)
    assert refused.value.code == code


def test_without_an_assistant_the_other_problems_are_told_all_the_same() -> None:
    with pytest.raises(ApiError) as refused:
        start(version="x", colour="blue")
    assert {error.path for error in refused.value.errors} == {"assistantId", "version", "colour"}


def test_the_fingerprint_is_that_of_the_request_not_of_its_bytes() -> None:
    echo = AssistantId("019a")
    one = read_start(b'{"toolId":"echo","inputs":{"a":1,"b":{"c":2,"d":3}}}')
    same = read_start(b'{ "inputs": {"b": {"d": 3, "c": 2}, "a": 1}, "assistantId": "019a" }')
    assert one.fingerprint(echo) == same.fingerprint(echo)


@pytest.mark.parametrize(
    "other",
    [{"inputs": {"a": 2}}, {"inputs": {"a": "1"}}, {"version": 1}, {"onDisconnect": "cancel"}, {"inputs": {"a": [1]}}],
    ids=str,
)
def test_any_difference_in_meaning_is_another_fingerprint(other: dict[str, object]) -> None:
    echo = AssistantId("019a")
    given: dict[str, object] = {"toolId": "echo", "inputs": {"a": 1}}
    assert start(**given).fingerprint(echo) != start(**(given | other)).fingerprint(echo)
    assert start(**given).fingerprint(echo) != start(**given).fingerprint(AssistantId("019b"))
