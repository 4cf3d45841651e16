"""Every refusal is a problem of RFC 9457, from any place in the stack."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from litestar.exceptions import ClientException, InternalServerException

from app.db.errors import AssistantNotFound, StatusConflict, VersionConflict
from app.http.problem_kinds import PROBLEMS, SHOWN_AS
from app.http.problems import ApiError, FieldError, as_api_error, problem
from lib.streaming.clock import SystemClock
from lib.streaming.errors import (
    Draining,
    ExecutionNotFound,
    IdempotencyConflict,
    LeaseLost,
    StorageUnavailable,
    TooManyExecutions,
)
from tests.support.http_layer import HttpLayer, http_layer


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[HttpLayer]:
    async with http_layer(tmp_path, SystemClock()) as layer:
        yield layer


@pytest.mark.parametrize(
    ("error", "status", "code", "retry_after"),
    [
        (TooManyExecutions("You have 5 running.", limit=5), 429, "too_many_executions", "5"),
        (IdempotencyConflict("Another body."), 422, "idempotency_conflict", None),
        (Draining("Stopping."), 503, "server_draining", "2"),
        (StorageUnavailable("No answer."), 503, "storage_unavailable", "5"),
        (StatusConflict("It is approved."), 409, "invalid_state", None),
        (VersionConflict("Ada saved version 2."), 412, "version_conflict", None),
    ],
)
def test_what_the_engine_and_storage_refuse_keeps_code_and_message(
    error: Exception, status: int, code: str, retry_after: str | None
) -> None:
    body, headers = problem(as_api_error(error), "req-1")
    told = msgspec.json.decode(body)
    assert (told["status"], told["code"], told["detail"]) == (status, code, str(error))
    assert told["type"] == f"urn:assistant-architect:problem:{code}"
    assert told["requestId"] == "req-1"
    assert headers.get("Retry-After") == retry_after


def test_absent_things_look_alike_whoever_misses_them() -> None:
    bodies = {problem(as_api_error(error("x")), "req-1")[0] for error in (ExecutionNotFound, AssistantNotFound)}
    assert len(bodies) == 1


def test_what_must_not_reach_a_client_is_an_internal_error_without_its_message() -> None:
    body, _ = problem(as_api_error(LeaseLost("epoch 7 of host-3")), "req-1")
    assert b"epoch" not in body
    assert msgspec.json.decode(body)["status"] == 500


def test_a_fault_of_the_framework_is_an_internal_error_without_its_message() -> None:
    body, _ = problem(as_api_error(InternalServerException("canary")), "req-1")
    assert b"canary" not in body
    assert msgspec.json.decode(body)["code"] == "internal_error"


def test_a_status_without_a_code_of_its_own_is_still_a_problem() -> None:
    told = as_api_error(ClientException("Not that way.", status_code=406))
    assert (told.code, told.detail) == ("invalid_request", "Not that way.")


def test_errors_list_every_field() -> None:
    refusal = ApiError("invalid_input", "Two fields.", errors=[FieldError("a", "x"), FieldError("b[0]", "y")])
    body, _ = problem(refusal, "req-1")
    assert msgspec.json.decode(body)["errors"] == [{"path": "a", "message": "x"}, {"path": "b[0]", "message": "y"}]


async def test_an_unknown_path_is_a_problem_with_a_request_id(layer: HttpLayer) -> None:
    answer = await layer.client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(layer: HttpLayer) -> None:
    answer = await layer.client.put("/change")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert "POST" in answer.headers["allow"]


async def test_head_of_a_problem_has_no_body(layer: HttpLayer) -> None:
    answer = await layer.client.head("/nothing/here")
    assert answer.status_code == 404
    assert answer.content == b""


async def test_a_fault_of_ours_shows_nothing_and_is_logged(layer: HttpLayer, caplog: pytest.LogCaptureFixture) -> None:
    _, key = await layer.key(await layer.user())
    answer = await layer.client.get("/broken", headers=key)
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "canary" not in answer.text
    assert "LookupError" not in answer.text
    assert "LookupError" in caplog.text


async def test_malformed_json_is_400_and_says_where(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    answer = await layer.client.post("/wish", content=b'{"topic": ', headers=key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"", b'{"topic": "\xed\xa0\x80"}'])
async def test_bytes_that_are_no_text_are_malformed_json(layer: HttpLayer, body: bytes) -> None:
    _, key = await layer.key(await layer.user())
    answer = await layer.client.post("/wish", content=body, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_a_body_of_another_form_lists_every_field_that_does_not_fit(layer: HttpLayer) -> None:
    _, key = await layer.key(await layer.user())
    answer = await layer.client.post("/wish", json={"topic": 1, "tags": ["a", 2], "colour": "red"}, headers=key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"
    assert {error["path"] for error in answer.json()["errors"]} == {"topic", "wordCount", "tags[1]", "colour"}


def test_the_error_guide_lists_exactly_the_codes_there_are() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "errors.md").read_text()
    rows = re.findall(r"^\| (\d{3}) \| (.*) \|$", guide, re.MULTILINE)
    listed = {(code, int(status)) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    assert listed == {(code, kind.status) for code, kind in PROBLEMS.items()}


def test_every_code_that_is_shown_under_another_name_leads_somewhere() -> None:
    assert set(SHOWN_AS.values()) <= set(PROBLEMS)
    assert not set(SHOWN_AS) & set(PROBLEMS)
