"""Peer C: what most people would build, FastAPI + sse-starlette + the openai SDK's typed stream; stores nothing.

`python -m bench.peers.c_fastapi <port> <upstream port>`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from openai import AsyncOpenAI
from pydantic import BaseModel
from sse_starlette import EventSourceResponse


class Chat(BaseModel):
    """What a client sends."""

    prompt: str


def create_app(client: AsyncOpenAI) -> FastAPI:
    """`POST /chat` answers with the model's text as SSE; `[DONE]` ends it."""
    app = FastAPI()

    @app.post("/chat")
    async def chat(chat: Chat) -> EventSourceResponse:
        return EventSourceResponse(_events(client, chat.prompt))

    return app


async def _events(client: AsyncOpenAI, prompt: str) -> AsyncIterator[dict[str, str]]:
    stream = await client.chat.completions.create(
        model="bench", messages=[{"role": "user", "content": prompt}], stream=True
    )
    async with stream:
        async for chunk in stream:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield {"data": json.dumps({"text": text})}
    yield {"data": "[DONE]"}


def main(port: int, upstream_port: int) -> None:
    """Serve on loopback until SIGTERM."""
    client = AsyncOpenAI(api_key="bench", base_url=f"http://127.0.0.1:{upstream_port}/v1", max_retries=0)
    uvicorn.run(create_app(client), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
