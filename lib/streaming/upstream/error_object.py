"""An upstream's error object (`{"error": {...}}`), read for its kind only: its text may hold anything."""

from __future__ import annotations

from lib.streaming.errors import Severity, UpstreamFailure

#: Kinds that another attempt will not mend. Everything else may be the upstream's own trouble.
PERMANENT_KINDS = frozenset(
    {
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "model_not_found",
        "invalid_api_key",
        "context_length_exceeded",
        "content_policy_violation",
        "content_filter",
        "request_too_large",
    }
)
#: Kinds that say the account is spent, which some send as if it were a rate limit.
QUOTA_KINDS = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_error", "credit_exhausted"})

_PASSING_STATUSES = frozenset({408, 409, 425, 429})


def kinds_of(error: object) -> frozenset[str]:
    """The words and numbers by which an error object names its kind."""
    if not isinstance(error, dict):
        return frozenset()
    named = (error.get(key) for key in ("type", "code", "status"))
    return frozenset(str(kind) for kind in named if isinstance(kind, str | int))


def failure_of(error: object) -> UpstreamFailure:
    """The failure an in-stream error means; without an object the format itself was broken."""
    if not error:
        message = "The model's service sent an error in a form that is not the agreed one."
        return UpstreamFailure(message, code="upstream_protocol", retryable=True)
    kinds = kinds_of(error)
    permanent = bool(kinds & (PERMANENT_KINDS | QUOTA_KINDS)) or any(_is_client_status(kind) for kind in kinds)
    return UpstreamFailure(
        "The model's service reported an error in the middle of its answer.",
        code="upstream_error",
        retryable=not permanent,
        severity=Severity.MODEL if permanent else Severity.ATTEMPT,
    )


def _is_client_status(kind: str) -> bool:
    return len(kind) == 3 and kind.isdecimal() and kind.startswith("4") and int(kind) not in _PASSING_STATUSES
