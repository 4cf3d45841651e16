"""A client of its own process: `python -m tests.support.follower_process <base url> <execution> <api key>`.

Follows an execution to its end through a small receive buffer. Says `began` at its first event, and at its end, as
one line of JSON, how often it connected, its last number and the digest of the text it shows.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import sys
from typing import Any

import aiohttp

from tests.support.stream_client import Received, StreamClient

RECEIVE_BUFFER = 16 * 1024


def small_buffers(address: Any) -> socket.socket:
    made = socket.socket(address[0], socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    made.setblocking(False)
    return made


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Announced(Received):
    """Says when it has its first event, in the middle of its first connection."""

    def take(self, block: bytes) -> None:
        first = not self.events
        super().take(block)
        if first and self.events:
            say("began")


async def main(base_url: str, execution_id: str, api_key: str) -> None:
    connector = aiohttp.TCPConnector(socket_factory=small_buffers)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=RECEIVE_BUFFER) as session:
        received = Announced(execution_id)
        await StreamClient(session, base_url, api_key).follow(received)
    digest = hashlib.sha256(received.text("only").encode()).hexdigest()
    say(json.dumps({"connects": received.connects, "last": received.last, "digest": digest}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
