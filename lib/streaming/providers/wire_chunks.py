"""Chat completion chunks as an upstream writes them, for answers made in this process."""

from __future__ import annotations

import json
from collections.abc import Mapping

END = b"data: [DONE]\n\n"


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def chunk(model: str, delta: Mapping[str, object], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(_chunk(model, [choice]))


def text(model: str, content: str) -> bytes:
    return chunk(model, {"content": content})


def reasoning(model: str, content: str) -> bytes:
    return chunk(model, {"reasoning_content": content})


def finish(model: str, reason: str = "stop") -> bytes:
    return chunk(model, {}, reason)


def usage(model: str, read: int, written: int) -> bytes:
    counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return event(_chunk(model, []) | {"usage": counts})


def _chunk(model: str, choices: list[dict[str, object]]) -> dict[str, object]:
    return {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": choices}
