"""The events of the stream as schemas: flat, with the envelope, one tagged union.

The engine's own types hold an event's own fields only, since the log alone gives numbers and times. What a
client sees has both, so the document describes both.
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import get_args

import msgspec
from litestar.openapi.datastructures import ResponseSpec

from lib.streaming.sse_events.vocabulary import Event, ServerDraining

_ENVELOPE: tuple[tuple[str, type], ...] = (("execution_id", str), ("seq", int), ("at", str))
_UNNUMBERED = tuple(field for field in _ENVELOPE if field[0] != "seq")


def _flat(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    own = msgspec.structs.fields(kind)
    needed = [(field.name, field.type) for field in own if field.required]
    optional = [(field.name, field.type, field.default) for field in own if not field.required]
    envelope = _UNNUMBERED if kind is ServerDraining else _ENVELOPE
    return msgspec.defstruct(
        f"{kind.__name__}Event",
        [*needed, *envelope, *optional],
        rename="camel",
        tag=kind.__struct_config__.tag,
        omit_defaults=True,
        namespace={"__doc__": kind.__doc__},
    )


EVENT_KINDS = tuple(_flat(kind) for kind in get_args(Event))

#: One of these is the `data` of every frame; `type` tells which.
StreamEvent = reduce(operator.or_, EVENT_KINDS)

EXAMPLE_STREAM = """\
retry: 1500
id: 1
event: execution.queued
data: {"type":"execution.queued","position":0,"executionId":"019a…","seq":1,"at":"2026-11-21T09:30:00.000Z"}

id: 2
event: execution.started
data: {"type":"execution.started","assistantId":"019a…","assistantName":"Echo","version":1,"totalPrompts":1,\
"epoch":1,"executionId":"019a…","seq":2,"at":"2026-11-21T09:30:00.004Z"}

id: 3
event: prompt.started
data: {"type":"prompt.started","promptId":"p1","name":"Answer","position":0,"index":0,"attempt":1,\
"model":"scripted/echo","provider":"scripted","executionId":"019a…","seq":3,"at":"2026-11-21T09:30:00.004Z"}

id: 4
event: prompt.delta
data: {"type":"prompt.delta","promptId":"p1","attempt":1,"text":"Hello","executionId":"019a…","seq":4,\
"at":"2026-11-21T09:30:00.031Z"}

: hb
id: 5
event: prompt.finished
data: {"type":"prompt.finished","promptId":"p1","attempt":1,"status":"completed","finishReason":"stop",\
"usage":{"inputTokens":4,"outputTokens":1,"totalTokens":5,"source":"provider"},"durationMs":29,"firstTokenMs":27,\
"executionId":"019a…","seq":5,"at":"2026-11-21T09:30:00.033Z"}

id: 6
event: execution.finished
data: {"type":"execution.finished","status":"completed",\
"usage":{"inputTokens":4,"outputTokens":1,"totalTokens":5,"source":"provider"},"durationMs":31,"endedBy":"engine",\
"executionId":"019a…","seq":6,"at":"2026-11-21T09:30:00.035Z"}

"""


def stream_answer(description: str) -> ResponseSpec:
    """A `text/event-stream` answer for the API document, which can name the events but not their sequence."""
    text = f"{description} One stream, as an example:\n\n```\n{EXAMPLE_STREAM}```"
    return ResponseSpec(StreamEvent, generate_examples=False, description=text, media_type="text/event-stream")
