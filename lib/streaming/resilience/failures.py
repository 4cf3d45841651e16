"""What a failed call of a model means: HTTP statuses and transport errors to `UpstreamFailure`, as tables."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from lib.streaming.errors import Severity, UpstreamFailure
from lib.streaming.resilience.retry_after import retry_after
from lib.streaming.upstream.error_object import QUOTA_KINDS, kinds_of


class Meaning(msgspec.Struct, frozen=True):
    code: str
    message: str
    retryable: bool = False
    severity: Severity = Severity.MODEL

    def failure(self, wait: float | None = None) -> UpstreamFailure:
        return UpstreamFailure(
            self.message, code=self.code, retryable=self.retryable, retry_after=wait, severity=self.severity
        )


def _passing(code: str, message: str) -> Meaning:
    return Meaning(code, message, retryable=True, severity=Severity.ATTEMPT)


_UNAUTHORIZED = Meaning(
    "upstream_unauthorized", "The model's service refused our credentials. An administrator must check the key."
)
_REJECTED = Meaning(
    "upstream_rejected", "The model's service refused the request as it is. Check the model's settings and the input."
)
_OVERLOADED = _passing("upstream_overloaded", "The model's service has trouble at the moment.")
_QUOTA = Meaning("upstream_rate_limited", "The account at the model's service is used up. An administrator must act.")
_REDIRECT = Meaning("upstream_protocol", "The model's service sent us elsewhere; we do not follow.")
_NO_ANSWER = Meaning("upstream_protocol", "The model's service answered with a status that has no answer in it.")

STATUSES: Mapping[int, Meaning] = {
    401: _UNAUTHORIZED,
    403: _UNAUTHORIZED,
    404: Meaning("upstream_model_not_found", "The model's service does not know this model."),
    408: _OVERLOADED,
    409: _OVERLOADED,
    413: Meaning("upstream_rejected", "The request is too large for the model's service."),
    425: _OVERLOADED,
    429: _passing("upstream_rate_limited", "The model's service asks us to slow down."),
    501: _REJECTED,
    505: _REJECTED,
}
_CLASSES: Mapping[int, Meaning] = {3: _REDIRECT, 4: _REJECTED, 5: _OVERLOADED}


def from_status(status: int, headers: Mapping[str, str], body: bytes, now_ms: int) -> UpstreamFailure:
    """The failure that an answer with a status other than 200 means.

    `body` (its beginning is enough) is only looked at for the kind of error; nothing of it is kept.
    """
    meaning = STATUSES.get(status) or _CLASSES.get(status // 100, _NO_ANSWER)
    if status == 429 and _is_spent(body):
        return _QUOTA.failure()
    return meaning.failure(retry_after(headers, now_ms) if meaning.retryable else None)


def _is_spent(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and bool(kinds_of(found.get("error")) & QUOTA_KINDS)


class Phase(StrEnum):
    """How far a call had come: no connection yet, request sent, or answer begun."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    ANSWERING = "answering"


_CONNECT_TIMEOUT = _passing("connect_timeout", "The model's service could not be reached in time.")
_UNREACHABLE = _passing("upstream_unreachable", "The model's service could not be reached.")
_TLS = Meaning("upstream_unreachable", "The model's service has no certificate that we trust.")
_UNKNOWN_HOST = Meaning("upstream_unreachable", "The address of the model's service does not exist.")
_HUNG_UP = _passing("upstream_unreachable", "The model's service hung up before it answered.")
_CUT = _passing("upstream_disconnected", "The connection to the model's service broke in the middle of its answer.")


def from_exception(error: BaseException, phase: Phase) -> UpstreamFailure:
    """The failure that an error of the transport means, by the standard library's classes of errors."""
    return _of_exception(error, phase).failure()


def _of_exception(error: BaseException, phase: Phase) -> Meaning:
    if phase is Phase.ANSWERING:
        return _CUT
    if isinstance(error, ssl.SSLCertVerificationError):
        return _TLS
    if phase is Phase.WAITING:
        return _HUNG_UP
    if isinstance(error, TimeoutError):
        return _CONNECT_TIMEOUT
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return _UNKNOWN_HOST
    return _UNREACHABLE
