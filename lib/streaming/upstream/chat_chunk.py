"""The JSON of a `chat.completion.chunk` as it comes in: a typed fast way and a lenient slow one.

Missing ids, times and indexes, null deltas and unknown fields are fine in both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Details(msgspec.Struct, frozen=True):
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


class WireUsage(msgspec.Struct, frozen=True):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: Details | None = None
    completion_tokens_details: Details | None = None


class WireDelta(msgspec.Struct, frozen=True):
    """`reasoning_content` is DeepSeek's, vLLM's and llama.cpp's name, `reasoning` OpenRouter's and Groq's."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None


class WireChoice(msgspec.Struct, frozen=True):
    index: int | None = None
    delta: WireDelta | None = None
    finish_reason: str | None = None


class WireChunk(msgspec.Struct, frozen=True):
    choices: Sequence[WireChoice] | None = None
    usage: WireUsage | None = None
    error: object = None


decode: msgspec.json.Decoder[WireChunk] = msgspec.json.Decoder(WireChunk)


def decode_leniently(payload: bytes) -> WireChunk | None:
    """Read what the typed decoder refuses: lone surrogates, raw control characters, fields of another type.

    A field of another type counts as absent, lists of content parts give their texts. None if the payload
    is no JSON object. Texts may hold lone surrogates.
    """
    try:
        found = json.loads(payload, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    choices = found.get("choices")
    return WireChunk(
        choices=[_choice(item) for item in choices if isinstance(item, dict)] if isinstance(choices, list) else None,
        usage=_usage(found.get("usage")),
        error=found.get("error"),
    )


def _choice(found: Mapping[str, Json]) -> WireChoice:
    delta = found.get("delta")
    return WireChoice(
        index=_integer(found.get("index")),
        delta=_delta(delta) if isinstance(delta, dict) else None,
        finish_reason=_text(found.get("finish_reason")),
    )


def _delta(found: Mapping[str, Json]) -> WireDelta:
    return WireDelta(
        content=_text(found.get("content")),
        reasoning_content=_text(found.get("reasoning_content")),
        reasoning=_text(found.get("reasoning")),
        refusal=_text(found.get("refusal")),
    )


def _usage(found: Json) -> WireUsage | None:
    try:
        return msgspec.convert(found, WireUsage | None)
    except msgspec.ValidationError:
        return None


def _integer(found: Json) -> int | None:
    return found if isinstance(found, int) else None


def _text(found: Json) -> str | None:
    match found:
        case str():
            return found
        case list():
            return "".join(_part(part) for part in found)
        case _:
            return None


def _part(found: Json) -> str:
    text = found.get("text") if isinstance(found, dict) else None
    return text if isinstance(text, str) else ""
