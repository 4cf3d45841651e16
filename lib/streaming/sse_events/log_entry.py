"""The narrow form in which an event is stored and kept in memory, and the way to it and back.

A delta is `<prompt number varint><attempt varint><text UTF-8>`: prompt number is the index of the prompt in
the definition. Every other event is its own JSON object, tag included.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import msgspec

from lib.streaming.sse_events.vocabulary import (
    CODES,
    DELTA_CODES,
    Event,
    EventCode,
    PromptDelta,
    PromptReasoning,
)
from lib.streaming.types import ExecutionId, PromptId, Seq

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class LogEntry(NamedTuple):
    """One stored event: number, type code, Unix milliseconds, narrow bytes."""

    seq: Seq
    code: int
    at_ms: int
    data: bytes


class LogContext(msgspec.Struct, frozen=True):
    """What is the same for all events of an execution, and so is not stored with each."""

    execution_id: ExecutionId
    prompt_ids: tuple[PromptId, ...]


class Delta(NamedTuple):
    prompt: int
    attempt: int
    text: str


def pack_delta(prompt: int, attempt: int, text: str) -> bytes:
    """Narrow bytes of a delta; a lone surrogate has no UTF-8 form and becomes `?`."""
    return _varint(prompt) + _varint(attempt) + text.encode("utf-8", "replace")


def unpack_delta(data: bytes) -> Delta:
    prompt, at = _read_varint(data, 0)
    attempt, at = _read_varint(data, at)
    return Delta(prompt, attempt, data[at:].decode())


def pack(event: Event) -> tuple[int, bytes]:
    """Type code and bytes of an event that is no delta; a lone surrogate becomes `?`."""
    code = CODES[type(event)]
    try:
        return code, _encoder.encode(event)
    except UnicodeEncodeError:
        plain = json.dumps(msgspec.to_builtins(event), ensure_ascii=False, separators=(",", ":"))
        return code, plain.encode("utf-8", "replace")


def unpack(entry: LogEntry, context: LogContext) -> Event:
    """The typed event of an entry, whatever its code."""
    if entry.code not in DELTA_CODES:
        return _decoder.decode(entry.data)
    delta = unpack_delta(entry.data)
    kind = PromptDelta if entry.code == EventCode.PROMPT_DELTA else PromptReasoning
    return kind(context.prompt_ids[delta.prompt], delta.attempt, delta.text)


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    return bytes((number & 0x7F | 0x80,)) + _varint(number >> 7)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
