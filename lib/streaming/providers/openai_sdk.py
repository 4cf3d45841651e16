"""What the openai SDK knows better than we do: where a call goes and with which headers.

The SDK is slow to import (seconds), so it is imported when first needed, never with this module. Its own way
to send a request is not used: it costs about 2 ms of CPU a call (docs/decisions/0009-the-sdk-names-the-call-aiohttp-makes-it.md).
"""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec


class CallingCard(msgspec.Struct, frozen=True):
    """Address and headers of a chat completion call."""

    url: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"CallingCard({self.url!r})"


def load_card(api_key: str, base_url: str) -> CallingCard:
    """Import the SDK and ask it. Takes seconds the first time: call it in a thread."""
    import httpx2
    import openai

    def send_nothing(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError("the SDK's own client is not for sending")

    # Given a transport, the client does not load the machine's certificates, which takes 50 ms.
    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(send_nothing), trust_env=False)
    client = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client)
    offered = {**client.default_headers, **client.auth_headers}
    headers = {name: value for name, value in offered.items() if isinstance(value, str)}
    if not _is_openai(base_url):
        # The SDK takes these from the environment; another company has no business with them.
        headers = {name: value for name, value in headers.items() if not name.startswith("OpenAI-")}
    # A compressed answer may grow without bounds, and buffers what should stream.
    headers["Accept-Encoding"] = "identity"
    return CallingCard(f"{str(client.base_url).rstrip('/')}/chat/completions", headers)


def _is_openai(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")
