"""Providers' words for why a model stopped."""

from __future__ import annotations

from lib.streaming.types import FinishReason

_KNOWN = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "content_filter": FinishReason.CONTENT_FILTER,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
}


def finish_of(word: str) -> FinishReason:
    """The reason a word of chat completions stands for; what is not known is `other`, never `stop`."""
    return _KNOWN.get(word, FinishReason.OTHER)
