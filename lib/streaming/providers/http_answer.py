"""An answer over aiohttp: its bytes, its errors as ours, and its certain end."""

from __future__ import annotations

import asyncio

import aiohttp

from lib.streaming.errors import UpstreamFailure
from lib.streaming.resilience.failures import Phase, from_exception

#: What a call may raise besides `UpstreamFailure`.
TRANSPORT_ERRORS = (aiohttp.ClientError, OSError, TimeoutError)
#: Seconds to wait for the end of a body that said it is over, so that its connection can be used again.
_DRAIN_SECONDS = 0.05
_DRAIN_BYTES = 64 * 1024


class HttpAnswer:
    """The body of one response. `close` must be called, whatever happened."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._content = response.content

    async def read(self) -> bytes:
        try:
            return await self._content.readany()
        except TRANSPORT_ERRORS as error:
            failure = from_exception(error, Phase.ANSWERING)
        # Raised out here so that it does not carry aiohttp's error, which holds the request's headers.
        raise failure

    async def head(self, size: int, seconds: float) -> bytes:
        """The first `size` bytes, or what comes of them within some seconds."""
        found = bytearray()
        try:
            async with asyncio.timeout(seconds):
                while len(found) < size and (data := await self._content.read(size - len(found))):
                    found += data
        except TRANSPORT_ERRORS:
            pass
        return bytes(found)

    async def close(self, *, whole: bool) -> None:
        """Close the connection now, or give it back if the answer came `whole` and its body is at an end."""
        if whole and await self._at_end():
            self._response.release()
            return
        self.abort()
        self._response.close()
        await asyncio.sleep(0)

    def abort(self) -> None:
        """Break the connection; a read under way fails. (A TLS connection would say goodbye first, and wait.)"""
        connection = self._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def _at_end(self) -> bool:
        """Take what is left of a body that said it is over, within bounds."""
        left = _DRAIN_BYTES
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while left > 0 and not self._content.at_eof():
                    left -= len(await self._content.readany())
        except TRANSPORT_ERRORS:
            return False
        return self._content.at_eof()


def failure_before_answer(error: Exception) -> UpstreamFailure:
    """What a call that never got an answer's head failed of."""
    match error:
        case aiohttp.ClientResponseError():
            return UpstreamFailure(
                "What answered for the model's service does not speak HTTP.", code="upstream_protocol"
            )
        case aiohttp.ClientConnectorCertificateError():
            return from_exception(error.certificate_error, Phase.CONNECTING)
        case aiohttp.ClientConnectorError():
            return from_exception(error.os_error, Phase.CONNECTING)
        case aiohttp.ConnectionTimeoutError():
            return from_exception(error, Phase.CONNECTING)
        case _:
            return from_exception(error, Phase.WAITING)
