"""Logs: one line an event, for people or for machines, without secrets and without line breaks from outside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TextIO

import msgspec

from app.http.redaction import redacted
from lib.streaming.clock import rfc3339

#: Loggers that would write what we write ourselves, or write bodies.
_QUIET = {
    "alembic": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "uvicorn.error": logging.WARNING,
    "asyncio": logging.WARNING,
}


def configure_logging(form: str, stream: TextIO, level: int = logging.INFO) -> None:
    """Send all logs of the process to one stream; `form` is `console` or `json`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if form == "json" else ConsoleFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """What the caller gave as `extra={"fields": {...}}`."""
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, Mapping) else {}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, `error`, and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": rfc3339(round(record.created * 1000)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        text = msgspec.json.encode({**line, **fields_of(record)}, enc_hook=str).decode()
        return redacted(text)


class ConsoleFormatter(logging.Formatter):
    """`time LEVEL logger: message name=value …`; a traceback follows indented."""

    def format(self, record: logging.LogRecord) -> str:
        time = rfc3339(round(record.created * 1000))
        fields = "".join(f" {name}={_one_line(str(value))}" for name, value in fields_of(record).items())
        line = f"{time} {record.levelname} {record.name}: {_one_line(record.getMessage())}{fields}"
        if record.exc_info:
            error = self.formatException(record.exc_info).splitlines()
            line += "".join(f"\n    {_one_line(part)}" for part in error)
        return redacted(line)


def _one_line(text: str) -> str:
    """Text that cannot begin a line of its own or steer a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
