"""Log lines: one event a line, nothing secret in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app.http.redaction import redacted
from app.http.telemetry import configure_logging

SECRETS = [
    "Authorization: Bearer canary1234567",
    "authorization='canary1234567'",
    '{"Authorization": "canary1234567"}',
    "header Basic Y2FuYXJ5MTIzNDU2Nw==",
    "key aa_live_abcdefgh1234_canary1234567",
    "sk-proj-canary1234567",
    "OPENAI says: Incorrect API key provided: sk-canary1234567.",
    "Cookie: __Host-aa_session=canary1234567; theme=dark",
    "GET /x?api_key=canary1234567&a=1",
    "valkey://user:canary1234567@cache:6379/0",
    "x-api-key: canary1234567",
]


@pytest.mark.parametrize("text", [*SECRETS, *(f"{text} für ſie" for text in SECRETS), "Baſic Y2FuYXJ5MTIzNDU2Nw=="])
def test_secrets_do_not_reach_a_log(text: str) -> None:
    assert "canary" not in redacted(text).lower()
    assert "Y2FuYXJ5" not in redacted(text)
    assert "***" in redacted(text)


@pytest.mark.parametrize(
    "text", ["a plain sentence about a bear", "task-scheduler ran", "https://example.org/path", "risk-assessment done"]
)
def test_other_text_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def write(stream: io.StringIO, form: str) -> str:
    configure_logging(form, stream)
    log = logging.getLogger("app.test")
    log.info("hello %s", "wor\r\nld\x1b[31m", extra={"fields": {"request_id": "a\nb", "status": 200}})
    log.error("it broke", exc_info=LookupError("sk-canary1234567\nsecond line"))
    return stream.getvalue()


def test_json_lines_are_objects_one_a_line(stream: io.StringIO) -> None:
    first, second = [json.loads(line) for line in write(stream, "json").splitlines()]
    assert (first["level"], first["logger"], first["status"]) == ("INFO", "app.test", 200)
    assert first["request_id"] == "a\nb"
    assert first["time"].endswith("Z")
    assert second["message"] == "it broke"
    assert "LookupError" in second["error"]
    assert "canary" not in second["error"]


def test_console_lines_cannot_be_forged(stream: io.StringIO) -> None:
    first, second, *trace = write(stream, "console").splitlines()
    assert first.endswith(r"INFO app.test: hello wor\r\nld\x1b[31m request_id=a\nb status=200")
    assert second.endswith("ERROR app.test: it broke")
    assert all(line.startswith("    ") for line in trace)
    assert "canary" not in "".join(trace)


def test_the_servers_own_access_log_is_off(stream: io.StringIO) -> None:
    configure_logging("console", stream)
    logging.getLogger("uvicorn.access").info("GET /?token=canary")
    logging.getLogger("uvicorn.error").info("Started server process")
    assert stream.getvalue() == ""
