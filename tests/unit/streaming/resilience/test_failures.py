"""What statuses and transport errors mean."""

from __future__ import annotations

import json
import socket
import ssl
from email.utils import formatdate

import httpx2
import openai
import pytest

from lib.streaming.errors import Severity
from lib.streaming.resilience.failures import Phase, from_exception, from_status
from lib.streaming.resilience.retry_after import MAX_RETRY_AFTER_SECONDS, retry_after

NOW_MS = 1_763_700_000_000
UNREADABLE = [b"", b"{", b"[]", b"null", b'{"error": "x"}', b'{"error": {"type": ["odd"]}}', b"[" * 100_000, b"\xff"]


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (204, "upstream_protocol", False),
        (206, "upstream_protocol", False),
        (301, "upstream_protocol", False),
        (307, "upstream_protocol", False),
        (400, "upstream_rejected", False),
        (401, "upstream_unauthorized", False),
        (402, "upstream_rejected", False),
        (403, "upstream_unauthorized", False),
        (404, "upstream_model_not_found", False),
        (408, "upstream_overloaded", True),
        (409, "upstream_overloaded", True),
        (413, "upstream_rejected", False),
        (422, "upstream_rejected", False),
        (425, "upstream_overloaded", True),
        (429, "upstream_rate_limited", True),
        (451, "upstream_rejected", False),
        (500, "upstream_overloaded", True),
        (501, "upstream_rejected", False),
        (502, "upstream_overloaded", True),
        (503, "upstream_overloaded", True),
        (504, "upstream_overloaded", True),
        (505, "upstream_rejected", False),
        (529, "upstream_overloaded", True),
        (599, "upstream_overloaded", True),
        (600, "upstream_protocol", False),
    ],
)
def test_each_status_has_its_meaning(status: int, code: str, retryable: bool) -> None:
    failure = from_status(status, {}, b"", NOW_MS)
    assert (failure.code, failure.retryable, failure.retry_after) == (code, retryable, None)
    assert failure.severity is (Severity.ATTEMPT if retryable else Severity.MODEL)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, openai.BadRequestError, "upstream_rejected"),
        (401, openai.AuthenticationError, "upstream_unauthorized"),
        (403, openai.PermissionDeniedError, "upstream_unauthorized"),
        (404, openai.NotFoundError, "upstream_model_not_found"),
        (422, openai.UnprocessableEntityError, "upstream_rejected"),
        (429, openai.RateLimitError, "upstream_rate_limited"),
        (500, openai.InternalServerError, "upstream_overloaded"),
        (529, openai.InternalServerError, "upstream_overloaded"),
    ],
)
def test_the_table_agrees_with_the_sdks_own_classes_of_errors(
    status: int, kind: type[openai.APIStatusError], code: str
) -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, json={"error": {"message": "x"}}))
    with httpx2.Client(transport=transport) as http_client:
        client = openai.OpenAI(api_key="k", max_retries=0, http_client=http_client)
        with pytest.raises(kind):
            client.models.list()
    assert from_status(status, {}, b"", NOW_MS).code == code


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503, 529])
def test_a_wait_that_is_asked_for_is_told(status: int) -> None:
    assert from_status(status, {"retry-after": "2"}, b"", NOW_MS).retry_after == 2.0


@pytest.mark.parametrize("status", [307, 400, 401, 404])
def test_a_wait_after_a_final_failure_means_nothing(status: int) -> None:
    assert from_status(status, {"retry-after": "2"}, b"", NOW_MS).retry_after is None


@pytest.mark.parametrize("kind", ["insufficient_quota", "billing_hard_limit_reached"])
@pytest.mark.parametrize("field", ["type", "code"])
def test_an_account_that_is_spent_is_no_passing_limit(kind: str, field: str) -> None:
    body = json.dumps({"error": {"message": "x", field: kind}}).encode()
    failure = from_status(429, {"retry-after": "1"}, body, NOW_MS)
    assert (failure.code, failure.retryable, failure.retry_after) == ("upstream_rate_limited", False, None)
    assert from_status(500, {}, body, NOW_MS).retryable


@pytest.mark.parametrize("at", range(len(UNREADABLE)))
def test_a_429_with_any_other_body_is_a_passing_limit(at: int) -> None:
    assert from_status(429, {}, UNREADABLE[at], NOW_MS).retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"retry-after": "300"}, 300.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "9" * 30}, MAX_RETRY_AFTER_SECONDS),
        ({"retry-after": "soon"}, None),
        ({"retry-after": formatdate(NOW_MS / 1000 + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW_MS / 1000 - 30, usegmt=True)}, 0.0),
        ({"retry-after": "Fri, 21 Nov 2025 04:40:10"}, 10.0),
        ({"retry-after": "Fri, 99 Nov 2025 99:40:10 GMT"}, None),
        ({"retry-after": "Fri, 21 Nov 9999 04:40:10 -9999"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    ],
)
def test_the_wait_asked_for_is_read_or_not_there(headers: dict[str, str], seconds: float | None) -> None:
    found = retry_after(headers, NOW_MS)
    assert found == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("error", "phase", "code", "retryable"),
    [
        (TimeoutError(), Phase.CONNECTING, "connect_timeout", True),
        (TimeoutError(110, "timed out"), Phase.CONNECTING, "connect_timeout", True),
        (ConnectionRefusedError(), Phase.CONNECTING, "upstream_unreachable", True),
        (OSError(113, "no route"), Phase.CONNECTING, "upstream_unreachable", True),
        (socket.gaierror(socket.EAI_AGAIN, "x"), Phase.CONNECTING, "upstream_unreachable", True),
        (socket.gaierror(socket.EAI_NONAME, "x"), Phase.CONNECTING, "upstream_unreachable", False),
        (ssl.SSLCertVerificationError(1, "x"), Phase.CONNECTING, "upstream_unreachable", False),
        (ssl.SSLError(1, "x"), Phase.CONNECTING, "upstream_unreachable", True),
        (ConnectionResetError(), Phase.WAITING, "upstream_unreachable", True),
        (RuntimeError("anything"), Phase.WAITING, "upstream_unreachable", True),
        (ConnectionResetError(), Phase.ANSWERING, "upstream_disconnected", True),
        (TimeoutError(), Phase.ANSWERING, "upstream_disconnected", True),
        (RuntimeError("anything"), Phase.ANSWERING, "upstream_disconnected", True),
    ],
)
def test_each_error_of_the_transport_has_its_meaning(
    error: BaseException, phase: Phase, code: str, retryable: bool
) -> None:
    failure = from_exception(error, phase)
    assert (failure.code, failure.retryable) == (code, retryable)
    assert failure.message.endswith(".")
