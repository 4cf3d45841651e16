"""A diagnostic stream as it arrives through whatever stands between."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec

from lib.streaming.sse_events.decoder import EventStreamDecoder

STREAM_PATH = "/api/diagnostics/stream"
WAY_PATH = "/api/diagnostics"
#: As browsers offer it; who compresses a stream does it for them too.
OFFERED = "gzip, deflate, br, zstd"
HEARTBEAT = b": hb"
READ_BYTES = 65536


class Observation(msgspec.Struct, kw_only=True):
    """`ticks`: for each, when it was sent (the server's clock) and when it came (ours), both in seconds.

    `ended`: whether the last event came; `lasted`: seconds until the end or the cut; `problem`: why there is no more.
    """

    status: int = 0
    headers: Mapping[str, str] = {}
    ticks: list[tuple[float, float]] = []
    heartbeats: int = 0
    ended: bool = False
    lasted: float = 0.0
    problem: str = ""

    @property
    def encoding(self) -> str:
        return self.headers.get("content-encoding", "")


class Way(msgspec.Struct, frozen=True, rename="camel"):
    """What a node says of itself and of the request."""

    node: str
    client_address: str
    scheme: str
    heartbeat_seconds: float


class Observer:
    """Asks the service at `url` (a public address) with an API key; never follows a redirect."""

    def __init__(self, url: str, key: str, now: Callable[[], float] = time.monotonic) -> None:
        self._address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}"}
        self._now = now

    def way(self, timeout: float = 10.0) -> Way:
        """On a new connection. Raises `OSError`, `HTTPException`, `ValueError` for an answer that is none of ours."""
        with closing(self._connection(timeout)) as connection:
            connection.request("GET", self._path(WAY_PATH), headers=self._headers)
            answer = connection.getresponse()
            if answer.status != 200:
                raise ValueError(f"it answers {answer.status} to {WAY_PATH}")
            return msgspec.json.decode(answer.read(), type=Way)

    def stream(self, patience: float) -> Observation:
        """Watch one stream to its end; `patience`: seconds of silence after which it counts as cut."""
        seen, began = Observation(), self._now()
        try:
            with closing(self._connection(patience)) as connection:
                headers = self._headers | {"Accept": "text/event-stream", "Accept-Encoding": OFFERED}
                connection.request("GET", self._path(STREAM_PATH), headers=headers)
                answer = connection.getresponse()
                seen.status = answer.status
                seen.headers = {name.lower(): value for name, value in answer.getheaders()}
                if answer.status == 200:
                    self._watch(answer, seen)
        except TimeoutError:
            seen.problem = f"nothing came for {patience:g} s"
        except (OSError, HTTPException, zlib.error) as error:
            seen.problem = f"{type(error).__name__}: {error}".rstrip(": ")
        seen.lasted = self._now() - began
        return seen

    def _watch(self, answer: HTTPResponse, seen: Observation) -> None:
        decode, decoder = _decoding(seen.encoding), EventStreamDecoder()
        while data := answer.read1(READ_BYTES):
            now, plain = self._now(), decode(data)
            seen.heartbeats += plain.count(HEARTBEAT)
            for event in decoder.feed(plain):
                if event.type == "tick":
                    body: dict[str, Any] = json.loads(event.data)
                    seen.ticks.append((body["sentMs"] / 1000, now))
                seen.ended = seen.ended or event.type == "end"

    def _connection(self, timeout: float) -> HTTPConnection:
        kind = HTTPSConnection if self._address.scheme == "https" else HTTPConnection
        return kind(self._address.hostname or "", self._address.port, timeout=timeout)

    def _path(self, path: str) -> str:
        return self._address.path.rstrip("/") + path


def _decoding(encoding: str) -> Callable[[bytes], bytes]:
    """What can be read back with what is at hand; anything else stays unread and counts as compressed."""
    if encoding in ("gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress
    return bytes
