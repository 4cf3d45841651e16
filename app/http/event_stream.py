"""The response of `text/event-stream`: one reader of an event source, guaranteed to let go of it.

Theory of operation. A stream is two tasks: the request's own pumps from source to socket, a second one waits for
the client to leave. Whoever wants the pump to end (client gone, client too slow, server draining) names the reason
and fires the one timeout scope around the pump, which is the only way in: a cancellation from outside stays what
it is. Nothing that matters happens after an `await` in a `finally`: the source is closed by a task of the owner,
so a request that is cancelled twice still lets go. The send deadline is one lazy timer a stream, since a timer for
each send would cost more than the send.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterable
from enum import StrEnum
from itertools import count
from typing import Protocol, TypeAlias

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from app.http.request_record import request_record
from lib.streaming.clock import Clock, Timer

log = logging.getLogger(__name__)

#: `scope["extensions"]` entry by which the server lends us its way to drop a connection with its unsent bytes.
ABORT_EXTENSION = "aa.abort"
#: Reads without a forced turn of the event loop at most.
TURNS_PER_YIELD = 8
ABORT_WAIT_SECONDS = 1.0
#: `opt` of every route that returns a stream: compression would hold events back, and costs 90 KiB a stream.
STREAM_OPT = {"no_compress": True}

#: Whether the viewer may still look; asked again and again during a long stream.
Permit: TypeAlias = Callable[[], Awaitable[bool]]


class EventSource(Protocol):
    """What a stream reads from."""

    async def read(self, max_wait: float) -> bytes | None:
        """Frames that are ready; `b""` if none came within `max_wait` seconds; None when there are no more."""

    async def close(self) -> None:
        """Let go; called exactly once."""


class StreamFrames(msgspec.Struct, frozen=True):
    """The bytes of a wire that no event makes. `draining` makes the last frame, for a server that stops."""

    opening: bytes
    heartbeat: bytes
    draining: Callable[[], bytes]


class StreamLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds."""

    heartbeat: float = 15.0
    send: float = 30.0
    close: float = 5.0
    permit: float = 30.0


class Closed(StrEnum):
    """Why a stream ended. Only `finished`, `draining` and `revoked` end the response properly."""

    FINISHED = "finished"
    DRAINING = "draining"
    REVOKED = "revoked"
    CLIENT_GONE = "client_gone"
    SLOW_CLIENT = "slow_client"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StreamOwner(Protocol):
    """What a stream needs from whoever keeps count of them."""

    @property
    def draining(self) -> bool: ...

    def entered(self, stream: EventStream) -> None: ...

    def left(self, stream: EventStream) -> None: ...

    def let_go(self, source: EventSource) -> Awaitable[None]:
        """Start closing a source in a task that outlives the request."""

    def abandoned(self, source: EventSource) -> None:
        """Close the source of a response that was never sent; may be called by the garbage collector."""


class EventStream:
    """An ASGI response; routes return it as it is (`-> EventStream`). Made by `Deliveries.open`."""

    __slots__ = (
        "__weakref__",
        "_check_at",
        "_clock",
        "_frames",
        "_headers",
        "_limits",
        "_never_sent",
        "_owner",
        "_permit",
        "_reason",
        "_scope",
        "_sending_since",
        "_source",
        "_timer",
    )

    def __init__(
        self,
        source: EventSource,
        frames: StreamFrames,
        headers: Iterable[tuple[bytes, bytes]],
        owner: StreamOwner,
        clock: Clock,
        limits: StreamLimits,
        permit: Permit | None,
    ) -> None:
        self._source = source
        self._frames = frames
        self._headers = headers
        self._owner = owner
        self._clock = clock
        self._limits = limits
        self._permit = permit
        self._check_at = clock.monotonic() + limits.permit
        self._reason: Closed | None = None
        self._scope: asyncio.Timeout | None = None
        self._sending_since: float | None = None
        self._timer: Timer | None = None
        self._never_sent: weakref.finalize[..., EventStream] | None = weakref.finalize(self, owner.abandoned, source)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._never_sent is None or self._never_sent.detach() is None:
            raise RuntimeError("an event stream is sent once")
        self._never_sent = None
        reason = Closed.CANCELLED
        try:
            if scope.get("method") == "HEAD":
                reason = await self._send_head(send)
            else:
                reason = await self._deliver(scope, receive, send)
        finally:
            request_record(scope).closed = reason
            await asyncio.shield(self._owner.let_go(self._source))

    def cut(self, reason: Closed) -> None:
        """End the stream from outside its task; the first reason counts."""
        if self._scope is not None and self._reason is None:
            self._reason = reason
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def _send_head(self, send: Send) -> Closed:
        await send(self._start())
        await send(_body(b"", more=False))
        return Closed.FINISHED

    async def _deliver(self, scope: Scope, receive: Receive, send: Send) -> Closed:
        watcher = asyncio.get_running_loop().create_task(self._watch(receive))
        try:
            reason = await self._until_cut(send)
            if reason is Closed.DRAINING:
                reason = await self._farewell(send)
            if reason is Closed.SLOW_CLIENT:
                await _abort(scope, watcher)
            return reason
        finally:
            watcher.cancel()

    async def _until_cut(self, send: Send) -> Closed:
        try:
            async with asyncio.timeout(None) as self._scope:
                self._owner.entered(self)
                return await self._pump(send)
        except TimeoutError:
            assert self._reason is not None, "only `cut` fires the scope, and the pump lets no TimeoutError out"
            return self._reason
        finally:
            self._scope = None
            self._owner.left(self)
            if self._timer is not None:
                self._timer.cancel()

    async def _pump(self, send: Send) -> Closed:
        try:
            await self._write(send, self._start())
            await self._write(send, _body(self._frames.opening))
            if self._owner.draining:
                return Closed.DRAINING
            return await self._relay(send)
        except OSError:
            return Closed.CLIENT_GONE

    async def _relay(self, send: Send) -> Closed:
        read, heartbeat, max_wait = self._source.read, self._frames.heartbeat, self._limits.heartbeat
        permit = self._permit
        for turn in count(1):
            try:
                frames = await read(max_wait)
            except Exception:
                log.exception("the source of an event stream failed; the connection is cut")
                return Closed.FAILED
            if frames is None:
                await self._write(send, _body(b"", more=False))
                return Closed.FINISHED
            await self._write(send, _body(frames or heartbeat))
            if permit is not None and self._clock.monotonic() >= self._check_at and not await self._permitted(permit):
                await self._write(send, _body(b"", more=False))
                return Closed.REVOKED
            # A source that never suspends and a server whose `send` returns at once after a disconnect would
            # otherwise keep the loop, and the cancellation would never arrive.
            if turn % TURNS_PER_YIELD == 0:
                await asyncio.sleep(0)
        raise AssertionError("the loop above has no end of its own")

    async def _write(self, send: Send, message: HTTPResponseStartEvent | HTTPResponseBodyEvent) -> None:
        self._sending_since = now = self._clock.monotonic()
        if self._timer is None:
            self._timer = self._clock.call_at(now + self._limits.send, self._check_send)
        await send(message)
        self._sending_since = None

    def _check_send(self) -> None:
        self._timer = None
        if self._sending_since is None:
            return
        due = self._sending_since + self._limits.send
        if self._clock.monotonic() >= due:
            self.cut(Closed.SLOW_CLIENT)
        else:
            self._timer = self._clock.call_at(due, self._check_send)

    async def _permitted(self, permit: Permit) -> bool:
        self._check_at = self._clock.monotonic() + self._limits.permit
        try:
            return await permit()
        except Exception:
            # Not being able to ask is no answer: a reader keeps what it was given.
            log.warning("could not ask again whether a viewer may still look", exc_info=True)
            return True

    async def _farewell(self, send: Send) -> Closed:
        try:
            async with asyncio.timeout(self._limits.send):
                await send(_body(self._frames.draining(), more=False))
        except TimeoutError:
            return Closed.SLOW_CLIENT
        except OSError:
            return Closed.CLIENT_GONE
        return Closed.DRAINING

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.cut(Closed.CLIENT_GONE)

    def _start(self) -> HTTPResponseStartEvent:
        return {"type": "http.response.start", "status": 200, "headers": self._headers}


def _body(frames: bytes, *, more: bool = True) -> HTTPResponseBodyEvent:
    return {"type": "http.response.body", "body": frames, "more_body": more}


async def _abort(scope: Scope, watcher: asyncio.Task[None]) -> None:
    """Drop the connection: closing it properly would wait for the client to read what it does not read."""
    abort = (scope.get("extensions") or {}).get(ABORT_EXTENSION, {}).get("abort")
    if callable(abort):
        abort()
        await asyncio.wait({watcher}, timeout=ABORT_WAIT_SECONDS)
