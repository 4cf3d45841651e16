"""Lines of an upstream's event stream to chunks (chat completions, streamed)."""

from __future__ import annotations

import msgspec

from lib.streaming.errors import UpstreamFailure
from lib.streaming.types import Usage
from lib.streaming.upstream.chat_chunk import WireChoice, WireChunk, WireUsage, decode, decode_leniently
from lib.streaming.upstream.chunk import BROKEN, DONE, EMPTY, NOISE, Chunk, ChunkType
from lib.streaming.upstream.error_object import failure_of
from lib.streaming.upstream.line_decoder import MAX_LINE_BYTES

#: Some upstreams write these in every chunk that is not the last.
_NO_REASON = ("", "null")

# Looking a member up on its enum costs more than all else that is done for a chunk.
_DATA, _EMPTY = ChunkType.DATA, ChunkType.EMPTY


class ChunkParser:
    """Feed it lines; it gives at most one chunk a line.

    `data:` with and without a space, several `data:` lines of one event, and events without a blank line
    between them are understood; comments and unknown fields are dropped. Raises `UpstreamFailure`:
    `upstream_error` for an error object, `upstream_protocol` for an `event: error` without one.
    `chunks` counts the objects that were chat completion chunks.
    """

    def __init__(self, max_event_bytes: int = MAX_LINE_BYTES) -> None:
        self.chunks = 0
        self._max = max_event_bytes
        self._first: bytes | None = None
        self._more: list[bytes] = []
        self._size = 0
        self._event = b""

    def feed(self, line: bytes) -> Chunk | None:
        """Take one line without its end."""
        if not line:
            return self.flush()
        if line.startswith(b"data:"):
            return self._take_data(line[6:] if line.startswith(b"data: ") else line[5:])
        if line.startswith(b"event:"):
            self._event = line[6:].strip()
        return None

    def flush(self) -> Chunk | None:
        """End the event under way, as a blank line does; at the end of the body too."""
        payload, self._first = self._first, None
        event, self._event = self._event, b""
        if payload is None:
            return None
        if self._more:
            payload = b"\n".join((payload, *self._more))
            self._more = []
        return self._parse(payload, event)

    def _take_data(self, value: bytes) -> Chunk | None:
        if self._first is None:
            self._first = value
            self._size = len(value)
            return None
        if not self._more and _is_whole(self._first):
            chunk = self.flush()
            self._take_data(value)
            return chunk
        self._size += len(value) + 1
        if self._size > self._max:
            message = f"The model's answer holds an event of more than {self._max} bytes."
            raise UpstreamFailure(message, code="upstream_protocol")
        self._more.append(value)
        return None

    def _parse(self, payload: bytes, event: bytes) -> Chunk:
        try:
            found, halves = decode.decode(payload), False
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            text = payload.strip()
            if not text or text == b"[DONE]":
                return DONE if text else EMPTY
            lenient = decode_leniently(payload)
            if lenient is None:
                return BROKEN if text.startswith(b"{") else NOISE
            found, halves = lenient, True
        if found.error or event == b"error":
            raise failure_of(found.error)
        return self._chunk(found, halves)

    def _chunk(self, found: WireChunk, halves: bool) -> Chunk:
        usage = _usage(found.usage) if found.usage is not None else None
        if found.choices is None:
            return EMPTY if usage is None else Chunk(_EMPTY, usage=usage)
        self.chunks += 1
        for choice in found.choices:
            if not choice.index:
                return _of(choice, usage, halves)
        return EMPTY if usage is None else Chunk(_EMPTY, usage=usage)


def _is_whole(payload: bytes) -> bool:
    """Whether one `data:` line is an event by itself, so that the next one belongs to another."""
    payload = payload.strip()
    return payload == b"[DONE]" or (payload.endswith(b"}") and decode_leniently(payload) is not None)


def _of(choice: WireChoice, usage: Usage | None, halves: bool) -> Chunk:
    delta, finish = choice.delta, choice.finish_reason
    if finish is not None and finish in _NO_REASON:
        finish = None
    if delta is None:
        return Chunk(_EMPTY, "", "", finish, usage)
    text, reasoning = delta.content or "", delta.reasoning_content or delta.reasoning or ""
    refused = bool(delta.refusal)
    if delta.refusal:
        text += delta.refusal
    kind = _DATA if text or reasoning else _EMPTY
    return Chunk(kind, text, reasoning, finish, usage, False, halves, refused)


def _usage(found: WireUsage) -> Usage | None:
    """The provider's counts; a count it left out is derived from the other two, never taken as 0."""
    read, written, total = found.prompt_tokens, found.completion_tokens, found.total_tokens
    if read is None and written is not None and total is not None:
        read = total - written
    if written is None and read is not None and total is not None:
        written = total - read
    if read is None or written is None or read < 0 or written < 0:
        return None
    inputs, outputs = found.prompt_tokens_details, found.completion_tokens_details
    return Usage(
        input_tokens=read,
        output_tokens=written,
        total_tokens=read + written if total is None else total,
        reasoning_tokens=outputs.reasoning_tokens if outputs else None,
        cached_input_tokens=inputs.cached_tokens if inputs else None,
    )
