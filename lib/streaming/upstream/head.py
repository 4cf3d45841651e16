"""Whether an answer's head promises an event stream."""

from __future__ import annotations

from collections.abc import Mapping

from lib.streaming.errors import Severity, UpstreamFailure

EVENT_STREAM = "text/event-stream"


def check_head(headers: Mapping[str, str]) -> None:
    """Raise `upstream_protocol` unless the body is an uncompressed event stream.

    `headers` looks names up without regard to case, or holds them in lower case. A compressed body is refused
    unread: what it grows to is not known before.
    """
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != EVENT_STREAM:
        raise _refusal("The model's service answered with something else than an event stream.")
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise _refusal("The model's service compressed its answer although it was asked not to.")


def _refusal(message: str) -> UpstreamFailure:
    return UpstreamFailure(message, code="upstream_protocol", severity=Severity.MODEL)
