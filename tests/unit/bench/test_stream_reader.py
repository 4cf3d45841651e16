from __future__ import annotations

import asyncio

from bench.script import Script, stamp
from bench.stream_reader import Readings, StreamReader

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
OUR_END = b'event: execution.finished\ndata: {"type":"execution.finished","status":"completed"}\n\n\r\n0\r\n\r\n'


class _Written(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    def close(self) -> None:
        self.closed = True


def _reader(tokens: int) -> tuple[StreamReader, Readings, _Written]:
    readings, transport = Readings(), _Written()
    reader = StreamReader(b"GET", tokens, readings, lambda _: None)
    reader.connection_made(transport)
    return reader, readings, transport


def test_a_stamp_is_read_once_wherever_a_read_cuts_it() -> None:
    body = HEAD + b"data: " + stamp() + b" " + stamp() + b"\n\ndata: [DONE]\n\n0\r\n\r\n"
    for cut in range(len(HEAD), len(body)):
        reader, readings, transport = _reader(tokens=2)
        reader.data_received(body[:cut])
        reader.data_received(body[cut:])
        assert (readings.tokens, readings.complete, transport.closed) == (2, 1, True), cut


def test_our_terminal_event_completes_a_stream_and_a_failed_one_does_not() -> None:
    for end, complete in ((OUR_END, 1), (OUR_END.replace(b"completed", b"failed"), 0)):
        reader, readings, _ = _reader(tokens=1)
        reader.data_received(HEAD + stamp() + end)
        assert (readings.complete, readings.incomplete) == (complete, 1 - complete)


def test_a_refusal_is_kept_for_the_report() -> None:
    reader, readings, transport = _reader(tokens=1)
    reader.data_received(b"HTTP/1.1 429 Too Many Requests\r\n\r\n{}")
    assert transport.closed
    assert readings.incomplete == 1
    assert "429" in readings.refusal


def test_a_script_survives_the_way_through_a_prompt() -> None:
    script = Script(7, rate=50, hold=True, words=True, tag="t-1")
    assert Script.find(b'{"content":"' + script.text().encode() + b'"}') == script
