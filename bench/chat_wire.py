"""The bytes of a chat-completions provider: what it is asked, and what it answers."""

from __future__ import annotations

import msgspec

SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
COMPLETION = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,"model":"bench","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"done"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
)
MODELS = b'{"object":"list","data":[{"id":"bench","object":"model"}]}'

_OPENING = b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"bench",'
_DELTA = _OPENING + b'"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n'
_FINISH = _OPENING + b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
_USAGE = _OPENING + b'"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":%d,"total_tokens":%d}}\n\n'
_DONE = b"data: [DONE]\n\n"


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class Asked(msgspec.Struct):
    """What of a request's body counts here."""

    stream: bool = False
    stream_options: StreamOptions = msgspec.field(default_factory=StreamOptions)


def delta(text: bytes) -> bytes:
    """One piece of content as an event."""
    return _DELTA % text


def token(text: bytes) -> bytes:
    """One piece of content as an HTTP chunk of its own."""
    return chunk(delta(text))


def ending(tokens: int, *, usage: bool) -> bytes:
    """Finish reason, usage if it was asked for, the done line, the end of the body."""
    count = chunk(_USAGE % (tokens, tokens + 9)) if usage else b""
    return chunk(_FINISH) + count + chunk(_DONE) + b"0\r\n\r\n"


def json_answer(body: bytes) -> bytes:
    """A whole 200 answer."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


def content_length(head: bytes) -> int:
    """How many bytes of body follow a request's head."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def chunk(payload: bytes) -> bytes:
    """A part of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(payload), payload)
