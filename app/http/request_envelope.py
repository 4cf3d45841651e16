"""What surrounds every request, also those no route answers: id, security headers, one line in the access log.

A plain ASGI layer around the framework, because its middleware does not run for unknown paths.
"""

from __future__ import annotations

import logging
import re

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send

from app.http.http_figures import HttpFigures
from app.http.problems import MEDIA_TYPE, as_api_error, problem
from app.http.request_record import RequestRecord, request_record
from app.http.security_headers import SecurityHeaders
from lib.streaming.clock import Clock
from lib.streaming.ids import IdFactory

log = logging.getLogger("app.access")

_SANE_ID = re.compile(rb"[!-~]{1,128}")
NO_ROUTE = "(no route)"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestEnvelope:
    """The application as the server sees it. `https`: whether browsers reach us over TLS."""

    def __init__(
        self, app: ASGIApp, clock: Clock, new_id: IdFactory, *, https: bool, figures: HttpFigures | None = None
    ) -> None:
        self._figures = figures or HttpFigures()
        self._app = app
        self._clock = clock
        self._new_id = new_id
        self._security = SecurityHeaders(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            exchange = _Exchange(scope, send, self._clock, self._security, self._figures, self._id_of(scope))
            await exchange.run(self._app, receive)
        else:
            await self._app(scope, receive, send)

    def _id_of(self, scope: HTTPScope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _SANE_ID.fullmatch(value):
                return value.decode("ascii")
        return self._new_id()


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        scope: HTTPScope,
        send: Send,
        clock: Clock,
        security: SecurityHeaders,
        figures: HttpFigures,
        request_id: str,
    ) -> None:
        self._figures = figures
        self._scope = scope
        self._send = send
        self._clock = clock
        self._security = security
        self._record: RequestRecord = request_record(scope)
        self._record.request_id = request_id
        self._began = clock.monotonic()
        self._status = 0
        self._bytes = 0
        self._complete = False

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self.send)
        except Exception as error:
            if self._status:
                raise
            log.exception("an error escaped the application")
            await self._answer_500(error)
        finally:
            self._end()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self._bytes += len(message["body"])
            self._complete = not message["more_body"]
        elif message["type"] == "http.response.start":
            self._status = message["status"]
            self._figures.begin_seconds.observe(self._clock.monotonic() - self._began)
            message = self._with_headers(message)
        await self._send(message)

    def _with_headers(self, message: HTTPResponseStartEvent) -> HTTPResponseStartEvent:
        headers = list(message["headers"])
        headers += self._security.missing(headers)
        headers += self._record.headers
        headers.append((b"x-request-id", self._record.request_id.encode("ascii")))
        return {"type": "http.response.start", "status": message["status"], "headers": headers}

    async def _answer_500(self, error: Exception) -> None:
        body, _ = problem(as_api_error(RuntimeError(type(error).__name__)), self._record.request_id)
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def _end(self) -> None:
        route, seconds = self._scope.get("path_template", NO_ROUTE), self._clock.monotonic() - self._began
        self._figures.requests.add(_known(self._scope["method"]), route, str(self._status))
        if self._record.closed is not None:
            self._figures.streams.add(self._record.closed)
            self._figures.stream_seconds.observe(seconds)
        self._write_line(route, seconds)

    def _write_line(self, route: str, seconds: float) -> None:
        record = self._record
        fields = {
            "request_id": record.request_id,
            "method": self._scope["method"],
            "route": route,
            "status": self._status or None,
            "bytes": self._bytes,
            "ms": round(seconds * 1000, 1),
            "principal": record.principal_id,
            "via": record.via,
            "code": record.code,
            "closed": record.closed or ("complete" if self._complete else "broken"),
        }
        log.info("request", extra={"fields": {name: value for name, value in fields.items() if value is not None}})


def _known(method: str) -> str:
    """A method is the caller's choice: those nobody serves count as one."""
    return method if method in _METHODS else "other"
