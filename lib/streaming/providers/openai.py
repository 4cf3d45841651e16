"""Any service that speaks OpenAI's chat completions: OpenAI itself, its look-alikes, the bundled model.

The openai SDK says where a call goes and with which headers and shape; the call itself and the streamed bytes go
over aiohttp, which costs half of what the SDK's HTTP client does for each event.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import SimpleNamespace

import aiohttp
from yarl import URL

from lib.streaming.clock import Clock
from lib.streaming.errors import Severity, UpstreamFailure
from lib.streaming.ports.models import DeltaStream, ModelRequest
from lib.streaming.providers.answer_stream import AnswerStream
from lib.streaming.providers.base_url import base_url_problems
from lib.streaming.providers.chat_request import encode_request
from lib.streaming.providers.http_answer import TRANSPORT_ERRORS, HttpAnswer, failure_before_answer
from lib.streaming.providers.openai_sdk import CallingCard, load_card
from lib.streaming.resilience.failures import from_status
from lib.streaming.upstream.head import check_head
from lib.streaming.upstream.stream_processor import StreamLimits, StreamProcessor
from lib.streaming.upstream.stuttering import HoldLimits

OPENAI_BASE_URL = "https://api.openai.com/v1"

_READ_BUFFER_BYTES = 64 * 1024
_KEEP_ALIVE_SECONDS = 30.0
_LARGE_BODY_BYTES = 512 * 1024
_ERROR_HEAD_BYTES = 16 * 1024
_ERROR_HEAD_SECONDS = 1.0


class OpenAIProvider:
    """A provider of chat completions. Belongs to the event loop of its first call.

    `name` is how definitions address it. `stuttering` (off unless given) folds re-sent snapshots at the start.
    `older_limit_name`: the service knows `max_tokens` only. A base URL that is not acceptable raises ValueError
    with every problem. Nothing an upstream says, and no key, gets into the message of a failure.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        api_key: str,
        base_url: str = OPENAI_BASE_URL,
        name: str = "openai",
        limits: StreamLimits | None = None,
        stuttering: HoldLimits | None = None,
        older_limit_name: bool = False,
    ) -> None:
        if problems := base_url_problems(base_url):
            raise ValueError(f"provider {name!r}: " + "; ".join(problems))
        self._clock = clock
        self._api_key = api_key
        self._base_url = base_url
        self._name = name
        self._limits = limits
        self._stuttering = stuttering
        self._older_limit_name = older_limit_name
        self._card: CallingCard | None = None
        self._loading = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Timeout] = set()
        self._answers: set[HttpAnswer] = set()

    @property
    def name(self) -> str:
        return self._name

    async def warm_up(self) -> None:
        """Import the SDK in a thread, so that the first call need not wait for it."""
        await self._calling_card()

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[DeltaStream]:
        return self._open(request)

    async def close(self) -> None:
        """Close every connection; calls still under way fail."""
        # A session that closes leaves those who wait on it waiting.
        for limit in self._sending:
            if not limit.expired():
                limit.reschedule(0.0)
        for answer in self._answers:
            answer.abort()
        await asyncio.sleep(0)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def _open(self, request: ModelRequest) -> AsyncIterator[DeltaStream]:
        response = await self._send(request)
        answer = HttpAnswer(response)
        self._answers.add(answer)
        processor = StreamProcessor(self._clock.monotonic, self._limits, self._stuttering)
        try:
            await self._check(response, answer)
            yield AnswerStream(answer, processor, self._clock)
        finally:
            self._answers.discard(answer)
            await answer.close(whole=processor.ended and processor.failure is None)

    async def _send(self, request: ModelRequest) -> aiohttp.ClientResponse:
        card = await self._calling_card()
        body = encode_request(request, older_limit_name=self._older_limit_name)
        limit = asyncio.timeout(None)
        self._sending.add(limit)
        try:
            async with limit:
                return await self._post(card, body, request.connect_timeout)
        except TRANSPORT_ERRORS as error:
            failure = _closed() if limit.expired() else failure_before_answer(error)
        finally:
            self._sending.discard(limit)
        # Raised out here so that it does not carry aiohttp's error, which holds the request's headers.
        raise failure

    async def _post(self, card: CallingCard, body: bytes, connect_timeout: float) -> aiohttp.ClientResponse:
        timeout = aiohttp.ClientTimeout(total=None, connect=connect_timeout, sock_connect=connect_timeout)
        while True:
            call = _Call()
            try:
                return await self._open_session(card).post(
                    URL(card.url),
                    # aiohttp writes bytes in one go, files piece by piece.
                    data=body if len(body) < _LARGE_BODY_BYTES else io.BytesIO(body),
                    timeout=timeout,
                    allow_redirects=False,
                    trace_request_ctx=call,
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                # A kept connection may be closed by the time it is used again (llama.cpp closes after every answer,
                # while saying that it will not). Each such connection is gone now, so this ends with a new one.
                if not call.reused:
                    raise

    async def _check(self, response: aiohttp.ClientResponse, answer: HttpAnswer) -> None:
        if response.status == 200:
            check_head(response.headers)
            return
        body = await answer.head(_ERROR_HEAD_BYTES, _ERROR_HEAD_SECONDS) if response.status == 429 else b""
        raise from_status(response.status, response.headers, body, self._clock.now_ms())

    async def _calling_card(self) -> CallingCard:
        if self._card is None:
            async with self._loading:
                if self._card is None:
                    self._card = await asyncio.to_thread(self._load)
        return self._card

    def _load(self) -> CallingCard:
        try:
            return load_card(self._api_key, self._base_url)
        except ImportError as error:
            message = "The openai package is not installed here, so this provider cannot work."
            raise UpstreamFailure(message, code="provider_unavailable", severity=Severity.MODEL) from error

    def _open_session(self, card: CallingCard) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                # How many calls run at once is the engine's to say.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Given with each call they would be turned into aiohttp's own form, and kept in it, for each.
                headers=card.headers,
                auto_decompress=False,
                trust_env=False,
                read_bufsize=_READ_BUFFER_BYTES,
                trace_configs=[trace],
            )
        return self._session


class _Call:
    """One sending of a request. `reused`: over a connection that had served another call before."""

    reused = False


async def _note_reuse(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceConnectionReuseconnParams
) -> None:
    call = context.trace_request_ctx
    if isinstance(call, _Call):
        call.reused = True


def _closed() -> UpstreamFailure:
    return UpstreamFailure("The way to the model's service was closed on our side.", code="provider_unavailable")
