"""What can go wrong, by who must act. Every error carries a stable code; HTTP statuses live elsewhere."""

from __future__ import annotations

from enum import StrEnum


class StreamingError(Exception):
    """Root of the engine's errors: `code` is stable, `message` is safe to show to the person who asked."""

    code: str = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class IllegalTransition(StreamingError):
    """A state machine was asked for a move its table does not hold."""

    code = "illegal_transition"


class LeaseLost(StreamingError):
    """Another owner holds the execution now: whoever gets this must stop without writing."""

    code = "lease_lost"


class StorageUnavailable(StreamingError):
    """The database did not take a write within the time the lease allows."""

    code = "storage_unavailable"


class ExecutionNotFound(StreamingError):
    code = "execution_not_found"


class ContentsRemoved(StreamingError):
    """The events were kept as long as the operator wants them kept; the record of the execution tells the rest."""

    code = "contents_removed"

    def __init__(self) -> None:
        super().__init__("The events of this execution are no longer kept. Its record tells when and how it ended.")


class IdempotencyConflict(StreamingError):
    """The key was used before with another request body."""

    code = "idempotency_conflict"


class TooManyExecutions(StreamingError):
    """The principal already has as many live executions as allowed."""

    code = "too_many_executions"

    def __init__(self, message: str, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class Draining(StreamingError):
    """The server is stopping and takes no new work."""

    code = "server_draining"


class Severity(StrEnum):
    """How far a failure reaches: one chunk, one attempt, or every attempt on this model."""

    CHUNK = "chunk"
    ATTEMPT = "attempt"
    MODEL = "model"


class PromptFailure(StreamingError):
    """One attempt of a prompt failed.

    `retryable`: another attempt may succeed. `retry_after`: seconds the provider asked to wait.
    `severity`: how far the failure reaches. The message never holds a key, path or upstream body.
    """

    code = "prompt_failed"

    def __init__(
        self,
        message: str,
        *,
        code: str,
        retryable: bool = False,
        retry_after: float | None = None,
        severity: Severity = Severity.ATTEMPT,
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.retry_after = retry_after
        self.severity = severity


class UpstreamFailure(PromptFailure):
    """The provider, or the way to it, failed.

    Codes: `connect_timeout`, `upstream_unreachable`, `upstream_disconnected` (cut after the answer began),
    `upstream_incomplete` (ended without a finish reason), `upstream_protocol` (not the agreed format),
    `upstream_error` (an error object in the stream), `upstream_rate_limited`, `upstream_overloaded` (5xx),
    `upstream_unauthorized`, `upstream_rejected` (4xx), `upstream_model_not_found`, `output_too_large`,
    `empty_output`, `content_filtered`, `provider_unavailable` (not configured here).
    """


class TemplateFailure(PromptFailure):
    """A prompt could not be rendered."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="template_error", severity=Severity.MODEL)


#: Codes of the six clocks and of the executions they end; all of them give the status `timed_out`.
TIMEOUT_CODES = frozenset(
    {
        "queue_timeout",
        "connect_timeout",
        "first_token_timeout",
        "idle_timeout",
        "prompt_timeout",
        "execution_timeout",
    }
)
