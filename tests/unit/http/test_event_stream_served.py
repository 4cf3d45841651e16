"""Event streams over real connections: leaving, not reading, many at once, compression, draining."""

from __future__ import annotations

import asyncio
import random
import resource
import socket
from typing import Any

from litestar import Litestar, get
from litestar.config.compression import CompressionConfig

from app.http.connection import USER_TIMEOUT_MS
from app.http.deliveries import Deliveries
from app.http.event_stream import STREAM_OPT, EventSource, EventStream, StreamLimits
from lib.streaming.clock import SystemClock
from tests.support.event_sources import EndlessSource, HandFedSource
from tests.support.in_process_server import InProcessServer, serving
from tests.support.own_time import own_time
from tests.support.waiting import until

GET = b"GET /events HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n"


class Streams:
    """An application with one streaming route; `source` is what the next request reads from."""

    def __init__(self, limits: StreamLimits | None = None) -> None:
        self.clock = SystemClock()
        self.deliveries = Deliveries(self.clock, random.Random(7), limits)
        self.sources: list[HandFedSource] = []
        self.next_source: EventSource | None = None

    def app(self) -> Litestar:
        @get("/events", opt=STREAM_OPT)
        async def events() -> EventStream:
            source = self.next_source or HandFedSource(self.clock)
            if isinstance(source, HandFedSource):
                self.sources.append(source)
            return self.deliveries.open(source, self.deliveries.frames("run-1"))

        @get("/health")
        async def health() -> str:
            return "ok"

        return Litestar(
            [events, health],
            openapi_config=None,
            logging_config=None,
            compression_config=CompressionConfig(backend="gzip", exclude_opt_key="no_compress", minimum_size=1),
        )


async def open_stream(server: InProcessServer, receive_buffer: int | None = None) -> Any:
    reader, writer = await server.connect(receive_buffer)
    writer.write(GET)
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, head


async def test_a_client_that_closes_is_noticed_within_100_ms() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        _, writer, _ = await open_stream(server)
        with own_time() as taken:
            writer.close()
            await until(lambda: streams.sources[0].closed == 1, 5)
        assert taken.seconds < 0.1


async def test_headers_and_opening_come_at_once_and_are_never_compressed() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        reader, writer, head = await open_stream(server)
        assert b"HTTP/1.1 200 OK" in head
        assert b"content-type: text/event-stream\r\n" in head
        assert b"x-accel-buffering: no\r\n" in head
        assert b"content-encoding" not in head
        assert b"server:" not in head
        assert (await reader.readuntil(b"\n\r\n")).startswith(b"c\r\nretry: ")
        writer.close()


async def test_a_hundred_clients_that_leave_together_are_all_let_go() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        before = len(asyncio.all_tasks())
        clients = [await open_stream(server) for _ in range(100)]
        assert len(asyncio.all_tasks()) - before == 200
        for _, writer, _ in clients:
            writer.close()
        assert await until(lambda: all(source.closed == 1 for source in streams.sources), 5) < 2
        await until(lambda: len(asyncio.all_tasks()) == before, 5)
        assert len(streams.deliveries) == 0


async def test_a_replay_to_a_client_that_left_keeps_nobody_waiting() -> None:
    streams = Streams()
    streams.next_source = source = EndlessSource(b"id: 1\ndata: {}\n\n")
    async with serving(streams.app()) as server:
        _, writer, _ = await open_stream(server)
        writer.close()
        with own_time() as taken:
            assert (await server.get("/health")).endswith(b"ok")
        assert taken.seconds < 0.1
        await until(lambda: source.closed == 1, 5)


async def test_a_client_that_never_reads_50_mb_costs_little_memory_and_is_cut() -> None:
    streams = Streams(StreamLimits(send=0.5))
    streams.next_source = source = EndlessSource(b"x" * 10_000, most=5_000)
    async with serving(streams.app()) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _, writer, _ = await open_stream(server, receive_buffer=4096)
        assert 0.4 < await until(lambda: source.closed == 1, 5) < 2
        assert source.left > 0
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10 * 1024
        await until(lambda: not server.server.server_state.connections, 5)
        writer.close()


async def test_another_viewer_gets_everything_while_one_does_not_read() -> None:
    streams = Streams(StreamLimits(send=5))
    async with serving(streams.app()) as server:
        streams.next_source = EndlessSource(b"x" * 10_000)
        _, stuck, _ = await open_stream(server, receive_buffer=4096)
        streams.next_source = EndlessSource(b"id: 1\n\n", most=3)
        answer = await server.get("/events")
        assert answer.count(b"id: 1\n\n") == 3
        assert answer.endswith(b"0\r\n\r\n")
        stuck.close()


async def test_a_broken_source_cuts_the_connection_without_a_proper_end() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        reader, writer, _ = await open_stream(server)
        streams.sources[0].feed(b"id: 1\n\n", ValueError("gone"))
        rest = await reader.read()
        writer.close()
        assert b"id: 1\n\n" in rest
        assert not rest.endswith(b"0\r\n\r\n")


async def test_a_stop_ends_open_streams_properly_and_quickly() -> None:
    streams = Streams()
    loop = asyncio.get_running_loop()
    async with serving(streams.app(), begin=streams.deliveries.drain, drain=streams.deliveries.close) as server:
        clients = [await open_stream(server) for _ in range(50)]
        began = loop.time()
        await server.stop()
        assert loop.time() - began < 1
        for reader, writer, _ in clients:
            rest = await reader.read()
            assert b"event: server.draining\n" in rest
            assert rest.endswith(b"0\r\n\r\n")
            writer.close()
    assert all(source.closed == 1 for source in streams.sources)


async def test_head_is_not_a_stream() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        reader, writer = await server.connect()
        writer.write(GET.replace(b"GET", b"HEAD").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 405")
        assert streams.sources == []


async def test_dead_peers_are_given_up_by_the_kernel() -> None:
    streams = Streams()
    async with serving(streams.app()) as server:
        _, writer, _ = await open_stream(server)
        (connection,) = server.server.server_state.connections
        peer = connection.transport.get_extra_info("socket")
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS
        writer.close()
