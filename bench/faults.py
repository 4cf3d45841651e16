"""How an upstream may misbehave in the middle of an answer, and what of that a client is told."""

from __future__ import annotations

import asyncio
import socket
import struct
from enum import StrEnum

from bench.chat_wire import chunk, delta


class Fault(StrEnum):
    """By what the upstream does when half of the tokens are out; `STATUS_500` answers so instead of streaming."""

    RESET = "reset"
    CLOSED = "closed"
    NO_FINISH = "no-finish"
    ERROR_OBJECT = "error-object"
    MALFORMED = "malformed"
    STATUS_500 = "status-500"


ERROR_ANSWER = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 63\r\n\r\n"
    b'{"error":{"message":"upstream broke","type":"server_error"}}   '
)
_ERROR_OBJECT = b'data: {"error":{"message":"upstream broke","type":"server_error","code":500}}\n\n'
_END_OF_BODY = b"0\r\n\r\n"


def play(fault: Fault, transport: asyncio.Transport, text: bytes) -> bool:
    """Misbehave; True if the answer goes on after it. `text` is the token that a malformed chunk takes with it."""
    match fault:
        case Fault.RESET:
            _reset(transport)
        case Fault.CLOSED:
            transport.close()
        case Fault.NO_FINISH:
            transport.write(_END_OF_BODY)
        case Fault.ERROR_OBJECT:
            transport.write(chunk(_ERROR_OBJECT) + _END_OF_BODY)
        case Fault.MALFORMED:
            # Cut inside the text, as a proxy does that forgets the rest of a line.
            transport.write(chunk(delta(text)[:-60] + b"\n\n"))
            return True
        case Fault.STATUS_500:
            raise AssertionError("answered before any token")
    return False


def _reset(transport: asyncio.Transport) -> None:
    """Close without a farewell: the other side reads ECONNRESET."""
    peer = transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
