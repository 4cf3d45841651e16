"""The body of a chat completion call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from lib.streaming.ports.models import ModelRequest
from lib.streaming.types import Message, Role

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

_encode = msgspec.json.Encoder().encode


def encode_request(request: ModelRequest, *, older_limit_name: bool = False) -> bytes:
    """JSON of a streamed call that reports usage; its shape is checked against the SDK's own types.

    `older_limit_name`: say `max_tokens`, for servers that do not know `max_completion_tokens`.
    """
    body = _body(request, older_limit_name)
    try:
        return _encode(body)
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8 form, but an escaped one.
        return json.dumps(body).encode()


def _body(request: ModelRequest, older_limit_name: bool) -> CompletionCreateParamsStreaming:
    body: CompletionCreateParamsStreaming = {
        "model": request.model,
        "messages": [_message(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_output_tokens is not None and older_limit_name:
        body["max_tokens"] = request.max_output_tokens
    elif request.max_output_tokens is not None:
        body["max_completion_tokens"] = request.max_output_tokens
    return body


def _message(message: Message) -> ChatCompletionMessageParam:
    if message.role is Role.SYSTEM:
        return {"role": "system", "content": message.content}
    return {"role": "user", "content": message.content}
