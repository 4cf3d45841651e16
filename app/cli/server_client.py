"""Our own API from a terminal, with nothing but the standard library: it has to start quickly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from lib.streaming.sse_events.decoder import Decoded, EventStreamDecoder

#: Heartbeats come every 15 s: a connection silent for longer is dead.
SILENCE_SECONDS = 60
TRIES = 10
READ_BYTES = 64 * 1024


class ServerError(Exception):
    """The server refused, or cannot be reached; the message is for whoever typed the command."""


class ServerClient:
    def __init__(self, url: str, key: str, wait: Callable[[float], None] = time.sleep) -> None:
        self._wait = wait
        self._address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}"}

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask for JSON. Raises `ServerError`."""
        try:
            with self._open(method, path, json.dumps(body).encode() if body is not None else None, {}) as answer:
                status, text = answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        if status >= 400:
            raise _refusal(status, text)
        decoded: dict[str, Any] = json.loads(text)
        return decoded

    def follow(self, path: str) -> Iterator[dict[str, Any]]:
        """Every event once, whatever happens to the connection. Raises `ServerError` when it does not come back."""
        last, failures = "0", 0
        while True:
            try:
                with self._open("GET", path, None, {"Last-Event-ID": last}) as answer:
                    if answer.status == HTTPStatus.NO_CONTENT:
                        return
                    for event in _events(answer):
                        failures, last = 0, event.last_event_id or last
                        shown: dict[str, Any] = json.loads(event.data)
                        yield shown
                        if event.type == "execution.finished":
                            return
            except (OSError, HTTPException) as error:
                failures += 1
                if failures > TRIES:
                    raise self._unreachable(error) from error
            self._wait(min(failures, 5) * 0.5)

    @contextmanager
    def _open(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Iterator[HTTPResponse]:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        with closing(kind(self._address.hostname or "", self._address.port, timeout=SILENCE_SECONDS)) as connection:
            connection.request(method, path, body, self._headers | headers)
            with connection.getresponse() as answer:
                yield answer

    def _unreachable(self, error: Exception) -> ServerError:
        return ServerError(f"{self._address.geturl()} does not answer ({error}). Is `serve` running there?")


def _events(answer: HTTPResponse) -> Iterator[Decoded]:
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer.status, answer.read())
    decoder = EventStreamDecoder()
    while data := answer.read1(READ_BYTES):
        yield from decoder.feed(data)


def _refusal(status: int, text: bytes) -> ServerError:
    try:
        problem = json.loads(text)
    except ValueError:
        return ServerError(f"The server answered {status}.")
    listed = "".join(f"\n  {one['path']}: {one['message']}" for one in problem.get("errors", []))
    return ServerError(f"{problem.get('detail', status)}{listed}")
