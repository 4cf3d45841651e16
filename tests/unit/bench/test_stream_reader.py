from __future__ import annotations

import asyncio

import pytest

from bench.load import LoadResult
from bench.readings import Readings
from bench.script import Script, stamp
from bench.stream_reader import StreamReader

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
    readings, transport = Readings(1, lambda: 0.0), _Written()
    reader = StreamReader(b"GET", tokens, readings, lambda _: None)
    reader.connection_made(transport)
    return reader, readings, transport


def _result(readings: Readings) -> LoadResult:
    return readings.result(1.0, 0.0, [])


def test_a_stamp_is_read_once_wherever_a_read_cuts_it() -> None:
    body = HEAD + b"data: " + stamp() + b" " + stamp() + b"\n\ndata: [DONE]\n\n0\r\n\r\n"
    for cut in range(len(HEAD), len(body)):
        reader, readings, transport = _reader(tokens=2)
        reader.data_received(body[:cut])
        reader.data_received(body[cut:])
        result = _result(readings)
        assert (result.tokens, result.complete, transport.closed) == (2, 1, True), cut


def test_our_terminal_event_completes_a_stream_and_a_failed_one_does_not() -> None:
    for end, complete in ((OUR_END, 1), (OUR_END.replace(b"completed", b"failed"), 0)):
        reader, readings, _ = _reader(tokens=1)
        reader.data_received(HEAD + stamp() + end)
        result = _result(readings)
        assert (result.complete, result.incomplete) == (complete, 1 - complete)


def test_a_refusal_is_kept_for_the_report() -> None:
    reader, readings, transport = _reader(tokens=1)
    reader.data_received(b"HTTP/1.1 429 Too Many Requests\r\n\r\n{}")
    assert transport.closed
    assert _result(readings).incomplete == 1
    assert "429" in readings.refusal


def test_a_script_survives_the_way_through_a_prompt() -> None:
    script = Script(7, rate=50, hold=True, gate=True, words=True, fault="no-finish", tag="t-1")
    assert Script.find(b'{"content":"' + script.text().encode() + b'"}') == script


def test_steady_figures_leave_out_what_came_before_all_streams_were_open() -> None:
    cpu = iter((1.0, 1.5))
    readings = Readings(2, lambda: next(cpu), steady=True)
    readings.began(5)
    readings.took(100, [b"90"])
    readings.began(7)
    readings.took(200, [b"180"])
    readings.took(300, [b"270", b"270"])
    readings.ended(complete=True)
    readings.took(400, [b"1"])
    result = _result(readings)
    assert result.latency_p50 == 30 / 1e6
    assert result.steady_cpu_us_per_token == pytest.approx(0.5 / 3 * 1e6)
    assert result.tokens == 5
