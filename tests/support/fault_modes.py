"""Every way in which the fault server can fail or be odd (cases 27 to 45), by name."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Awaitable, Callable

from tests.support.fault_exchange import Exchange, chunk, event

CANARY = "sk-canary-7c2e55"
Mode = Callable[[Exchange], Awaitable[None]]
MODES: dict[str, Mode] = {}

_KIB = 1024


def error_json(kind: str) -> bytes:
    return json.dumps({"error": {"message": f"key {CANARY} is bad", "type": kind, "code": None}}).encode()


def mode(name: str) -> Callable[[Mode], Mode]:
    def register(play: Mode) -> Mode:
        MODES[name] = play
        return play

    return register


async def three(out: Exchange, *, chunked: bool = True) -> None:
    await out.head(chunked=chunked)
    await out.text("one ", "two ", "three")


async def finish(out: Exchange, reason: str = "stop") -> None:
    await out.chunk({}, reason)
    await out.usage(3, 3)
    await out.done()


@mode("reset")
async def reset(out: Exchange) -> None:
    await three(out)
    await asyncio.sleep(0.05)
    await out.reset()


@mode("chunked-cut")
async def chunked_cut(out: Exchange) -> None:
    await three(out)
    await out.cut()


@mode("hangup")
async def hangup(out: Exchange) -> None:
    await out.cut()


@mode("no-http")
async def no_http(out: Exchange) -> None:
    out._writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await out.cut()


@mode("cut")
async def cut(out: Exchange) -> None:
    await three(out, chunked=False)


@mode("cut-mid-event")
async def cut_mid_event(out: Exchange) -> None:
    await three(out, chunked=False)
    await out.send(event(chunk({"content": " lost"}))[:-40])


@mode("cut-mid-character")
async def cut_mid_character(out: Exchange) -> None:
    await three(out, chunked=False)
    await out.send('data: {"choices":[{"delta":{"content":"é'.encode()[:-1])


@mode("cut-after-finish")
async def cut_after_finish(out: Exchange) -> None:
    await three(out)
    await out.chunk({}, "stop")
    await out.cut()


@mode("no-finish")
async def no_finish(out: Exchange) -> None:
    await three(out)
    await out.done()


@mode("no-done")
async def no_done(out: Exchange) -> None:
    await three(out)
    await out.chunk({}, "stop")
    await out.end()


@mode("malformed")
async def malformed(out: Exchange) -> None:
    await out.head()
    await out.text("one ", "two ")
    await out.send(b'data: {"choices":[{"delta":{"content":\n\n')
    await out.text("three")
    await finish(out)


@mode("noise")
async def noise(out: Exchange) -> None:
    await out.head()
    await out.text("one ", "two ")
    await out.send(b"data: ping\n\nevent: ping\ndata: ping\n\nretry: 5\n\nid: 7\n\n: hello\n\n")
    await out.text("three")
    await finish(out)


@mode("invalid-utf8")
async def invalid_utf8(out: Exchange) -> None:
    await out.head()
    await out.text("one ", "two ")
    await out.send(event(chunk({"content": "three"})).replace(b"three", b"thr\xffe"))
    await finish(out)


@mode("split-utf8")
async def split_utf8(out: Exchange) -> None:
    await three(out)
    raw = json.dumps(chunk({"content": " é€😀"}), ensure_ascii=False).encode()
    for byte in b"data: " + raw + b"\r\n\r\n":
        await out.send(bytes((byte,)))
        await asyncio.sleep(0)
    await finish(out)


@mode("error-object")
async def error_object(out: Exchange) -> None:
    await three(out)
    await out.send(b"data: " + error_json("server_error") + b"\n\n")
    await out.done()


@mode("error-event")
async def error_event(out: Exchange) -> None:
    await three(out)
    await out.send(b"event: error\n" + event({"detail": CANARY}))
    await out.done()


@mode("html")
async def html(out: Exchange) -> None:
    await out.whole(200, {"Content-Type": "text/html"}, b"<html>sign in</html>")


@mode("json")
async def json_answer(out: Exchange) -> None:
    body = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
    await out.whole(200, {"Content-Type": "application/json"}, body)


@mode("zero-chunks")
async def zero_chunks(out: Exchange) -> None:
    await out.head()
    await out.done()


@mode("after-done")
async def after_done(out: Exchange) -> None:
    await three(out)
    await out.chunk({}, "stop")
    await out.send(b"data: [DONE]\n\n")
    await out.text(" too late")
    await out.end()


@mode("late-end")
async def late_end(out: Exchange) -> None:
    """The body's end comes after the end marker, in a packet of its own."""
    await three(out)
    await out.chunk({}, "stop")
    await out.send(b"data: [DONE]\n\n")
    await asyncio.sleep(0.01)
    await out.end()


@mode("duplicates")
async def duplicates(out: Exchange) -> None:
    await out.head()
    await out.text("one ", "one ", "two ", "two ", "three", "three")
    await finish(out)


@mode("empty-deltas")
async def empty_deltas(out: Exchange) -> None:
    await out.head()
    odd: tuple[dict[str, object] | None, ...] = ({"role": "assistant"}, {"content": ""}, {"content": None}, {}, None)
    for delta in odd:
        await out.chunk(delta)
    await out.text("one ", "two ", "three")
    for delta in odd:
        await out.chunk(delta)
    await out.event({"choices": None})
    await out.event({})
    await finish(out)


@mode("length")
async def length(out: Exchange) -> None:
    await three(out)
    await finish(out, "length")


@mode("content-filter")
async def content_filter(out: Exchange) -> None:
    await three(out)
    await finish(out, "content_filter")


@mode("unknown-finish")
async def unknown_finish(out: Exchange) -> None:
    await three(out)
    await finish(out, "eos_reached")


@mode("no-text")
async def no_text(out: Exchange) -> None:
    await out.head()
    await out.chunk({"role": "assistant", "content": ""})
    await finish(out)


@mode("big-token")
async def big_token(out: Exchange) -> None:
    await out.head()
    await out.text("x" * _KIB * _KIB)
    await finish(out)


@mode("big-total")
async def big_total(out: Exchange) -> None:
    await out.head()
    for _ in range(640):
        await out.text("x" * 16 * _KIB)
    await finish(out)


@mode("too-large")
async def too_large(out: Exchange) -> None:
    await out.head()
    while True:
        await out.text("x" * 64 * _KIB)


@mode("endless-line")
async def endless_line(out: Exchange) -> None:
    await out.head()
    await out.send(b"data: ")
    while True:
        await out.send(b"x" * 64 * _KIB)


@mode("gzip")
async def gzip_bomb(out: Exchange) -> None:
    await out.head(headers={"Content-Encoding": "gzip"})
    packer = zlib.compressobj(wbits=31)
    for _ in range(64):
        if packed := packer.compress(b"\n" * _KIB * _KIB):
            await out.send(packed)
    await out.send(packer.flush())
    await out.end()


@mode("surrogates")
async def surrogates(out: Exchange) -> None:
    await out.head()
    await out.text("a\ud83d", "\ude00b\udc00c")
    await finish(out)


@mode("quota")
async def quota(out: Exchange) -> None:
    await out.whole(429, {"Content-Type": "application/json", "Retry-After": "1"}, error_json("insufficient_quota"))


@mode("silence-before-headers")
async def silence_before_headers(out: Exchange) -> None:
    await out.hang()


@mode("silence-after-headers")
async def silence_after_headers(out: Exchange) -> None:
    await out.head()
    await out.hang()


@mode("silence-after-tokens")
async def silence_after_tokens(out: Exchange) -> None:
    await three(out)
    await out.hang()


@mode("silence-after-finish")
async def silence_after_finish(out: Exchange) -> None:
    await three(out)
    await out.chunk({}, "stop")
    await out.hang()


@mode("drip-bytes")
async def drip_bytes(out: Exchange) -> None:
    await out.head()
    while True:
        await out.send(b"d")
        await asyncio.sleep(out.drip_seconds)


@mode("drip-comments")
async def drip_comments(out: Exchange) -> None:
    await out.head()
    while True:
        await out.send(b": still here\n\n")
        await asyncio.sleep(out.drip_seconds)
