"""The failures and oddities the scripted provider plays on request.

| model `fault-…` | what comes | outcome |
|---|---|---|
| `connect-timeout`, `unreachable` | no connection | `connect_timeout`, `upstream_unreachable` |
| `<status>` (100–599) | that status, e.g. `fault-429`, `fault-503`, `fault-529`, `fault-307` | by the status |
| `<status>-after-<x>` | with `Retry-After: <x>`; `<x>` is seconds, `date` (in 2 s) or `garbage` | by the status |
| `<status>-times-<n>` | that status for the first n calls of this provider, then a good answer | by the status |
| `quota` | 429 because the account is spent | `upstream_rate_limited`, final |
| `reset` | three tokens, then the connection breaks | `upstream_disconnected` |
| `cut`, `cut-mid-event` | three tokens, then the body ends, between or within events | `upstream_incomplete` |
| `no-finish` | three tokens and `[DONE]` | `upstream_incomplete` |
| `no-done` | a finish reason, no `[DONE]` | good |
| `malformed` | a chunk of broken JSON among good ones | `upstream_protocol` |
| `noise` | a `data:` line that is no JSON among good ones | good |
| `invalid-utf8` | a byte that is no UTF-8 | `upstream_protocol` |
| `split-utf8` | every byte in a read of its own | good |
| `error-object` | an error object after three tokens; its text holds `sk-canary-…` | `upstream_error` |
| `error-event` | `event: error` without an error object | `upstream_protocol` |
| `html`, `json`, `zero-chunks` | 200 with something else | `upstream_protocol` |
| `after-done` | text after `[DONE]` | good, that text dropped |
| `duplicates` | each chunk twice | good, text doubled |
| `empty-deltas` | role-only, empty and null deltas | good |
| `length`, `content-filter`, `unknown-finish` | that finish reason | good, reason told |
| `no-text` | a finish reason and no text | good, empty |
| `big-token`, `big-total` | a token of 1 MB; 10 MB in 640 deltas | good |
| `too-large` | text without an end | `output_too_large` |
| `endless-line` | a line without an end | `upstream_protocol` |
| `gzip` | a compressed body | `upstream_protocol` |
| `silence-before-headers`, `silence-after-headers`, `silence-after-tokens` | nothing more | the clocks |
| `silence-after-finish` | a finish reason, then nothing more | good |
| `drip-bytes`, `drip-comments` | a byte or comment each 0.4 s, for ever | the clocks |
| `surrogates` | an emoji in two halves in two chunks, and a lone half | good |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.utils import formatdate
from itertools import repeat

from lib.streaming.ports.models import ModelRequest
from lib.streaming.providers import wire_chunks as wire
from lib.streaming.providers.script import FOR_EVER, STREAM_HEADERS, Cut, Script, Step, Wait

CANARY = "sk-canary-4f1d9b"
_M = "fault"
_TOKENS: tuple[bytes, ...] = tuple(wire.text(_M, word) for word in ("one ", "two ", "three"))
_GOOD_END: tuple[bytes, ...] = (wire.finish(_M), wire.usage(_M, 3, 3), wire.END)
_STATUS = re.compile(r"([1-5]\d\d)(?:-after-(\d{1,6}|date|garbage)|-times-(\d{1,3}))?")


def fault_script(request: ModelRequest, call: int, now_ms: int) -> Script | None:
    """The script of `fault-<name>`; `call` counts the calls of this model from 1. None: no such fault."""
    name = request.model.removeprefix("fault-")
    if name == "connect-timeout":
        return Script(refused=TimeoutError(), head_wait=request.connect_timeout)
    if status := _STATUS.fullmatch(name):
        return _status_script(status, call, now_ms)
    if name in _HEADS:
        return _HEADS[name]
    steps = _BODIES.get(name)
    return None if steps is None else Script(steps())


def _status_script(found: re.Match[str], call: int, now_ms: int) -> Script:
    status, after, times = int(found[1]), found[2], found[3]
    if times is not None and call > int(times):
        return Script((*_TOKENS, *_GOOD_END))
    said = {"date": formatdate(now_ms / 1000 + 2, usegmt=True), "garbage": "soon"}
    headers = {} if after is None else {"retry-after": said.get(after, after)}
    return Script(status=status, headers=headers, body=_error_body("server_error"))


def _error_body(kind: str) -> bytes:
    return wire.event({"error": {"message": f"key {CANARY} is bad", "type": kind, "code": None}})[6:]


_HEADS: Mapping[str, Script] = {
    "unreachable": Script(refused=ConnectionRefusedError()),
    "quota": Script(status=429, headers={"retry-after": "1"}, body=_error_body("insufficient_quota")),
    "html": Script((b"<html>hello</html>",), headers={"content-type": "text/html"}),
    "json": Script((b'{"choices": []}',), headers={"content-type": "application/json"}),
    "gzip": Script((b"\x1f\x8b\x08",), headers={**STREAM_HEADERS, "content-encoding": "gzip"}),
    "silence-before-headers": Script(head_wait=FOR_EVER),
}


def _with(*steps: Step) -> Callable[[], Iterable[Step]]:
    return lambda: steps


def _finished(reason: str) -> Callable[[], Iterable[Step]]:
    return _with(*_TOKENS, wire.finish(_M, reason), wire.END)


def _bytes_of(*parts: bytes) -> Iterator[Step]:
    return (bytes((byte,)) for byte in b"".join(parts))


def _drip(item: bytes) -> Iterator[Step]:
    for _ in repeat(None):
        yield Wait(0.4)
        yield item


_MIB = 1024 * 1024
_EMPTY_DELTAS = (
    wire.chunk(_M, {"role": "assistant"}),
    wire.chunk(_M, {"content": ""}),
    wire.chunk(_M, {"content": None}),
    wire.event({"choices": [{"index": 0, "delta": None}]}),
)

_BODIES: Mapping[str, Callable[[], Iterable[Step]]] = {
    "reset": _with(*_TOKENS, Cut()),
    "cut": _with(*_TOKENS),
    "cut-mid-event": _with(*_TOKENS, wire.text(_M, " lost")[:-12]),
    "no-finish": _with(*_TOKENS, wire.END),
    "no-done": _with(*_TOKENS, wire.finish(_M)),
    "malformed": _with(*_TOKENS[:2], b'data: {"choices": [{"del\n\n', _TOKENS[2], *_GOOD_END),
    "noise": _with(*_TOKENS[:2], b"data: still here\n\n", _TOKENS[2], *_GOOD_END),
    "invalid-utf8": _with(*_TOKENS[:2], _TOKENS[2].replace(b"three", b"thr\xffe"), *_GOOD_END),
    "split-utf8": lambda: _bytes_of(
        *_TOKENS,
        b'data: {"choices": [{"delta": {"content": " \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}}]}\n\n',
        *_GOOD_END,
    ),
    "error-object": _with(*_TOKENS, b"data: " + _error_body("server_error")),
    "error-event": _with(*_TOKENS, b'event: error\ndata: {"detail": "' + CANARY.encode() + b'"}\n\n'),
    "zero-chunks": _with(),
    "after-done": _with(*_TOKENS, *_GOOD_END, wire.text(_M, " too late")),
    "duplicates": lambda: [step for token in _TOKENS for step in (token, token)] + list(_GOOD_END),
    "empty-deltas": _with(*_EMPTY_DELTAS, *_TOKENS, *_EMPTY_DELTAS, *_GOOD_END),
    "length": _finished("length"),
    "content-filter": _finished("content_filter"),
    "unknown-finish": _finished("eos_reached"),
    "no-text": _with(_EMPTY_DELTAS[0], *_GOOD_END),
    "big-token": lambda: (wire.text(_M, "x" * _MIB), *_GOOD_END),
    "big-total": lambda: [wire.text(_M, "x" * 16 * 1024) for _ in range(640)] + list(_GOOD_END),
    "too-large": lambda: repeat(wire.text(_M, "x" * 64 * 1024)),
    "endless-line": lambda: repeat(b"data: " + b"x" * 64 * 1024),
    "silence-after-headers": _with(Wait(FOR_EVER)),
    "silence-after-tokens": _with(*_TOKENS, Wait(FOR_EVER)),
    "silence-after-finish": _with(*_TOKENS, wire.finish(_M), Wait(FOR_EVER)),
    "drip-bytes": lambda: _drip(b"d"),
    "drip-comments": lambda: _drip(b": still here\n"),
    "surrogates": _with(wire.text(_M, "a\ud83d"), wire.text(_M, "\ude00b\udc00c"), *_GOOD_END),
}
