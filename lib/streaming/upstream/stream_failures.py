"""Why an answer that came is not a whole answer."""

from __future__ import annotations

from lib.streaming.errors import UpstreamFailure


def no_answer() -> UpstreamFailure:
    message = "The model's service answered with nothing that is an answer."
    return UpstreamFailure(message, code="upstream_protocol", retryable=True)


def unfinished() -> UpstreamFailure:
    message = "The model's answer ended before it was finished."
    return UpstreamFailure(message, code="upstream_incomplete", retryable=True)


def unreadable(count: int) -> UpstreamFailure:
    message = f"{count} pieces of the model's answer could not be read, so text may be missing."
    return UpstreamFailure(message, code="upstream_protocol", retryable=True)


def broken_off() -> UpstreamFailure:
    return UpstreamFailure("The model's service broke off with an error.", code="upstream_error", retryable=True)


def too_long(limit_bytes: int) -> UpstreamFailure:
    return UpstreamFailure(f"The model's answer is longer than {limit_bytes} bytes.", code="output_too_large")
