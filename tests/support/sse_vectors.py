"""Event streams and what they mean: the cases of the web platform tests, and some of our own."""

from __future__ import annotations

from typing import NamedTuple


class Vector(NamedTuple):
    """`events` are (type, data, last event id); `retry` the reconnection time at the end."""

    body: bytes
    events: list[tuple[str, str, str]]
    retry: int | None = None


VECTORS: dict[str, Vector] = {
    "bom-leading-stripped": Vector(
        b"\xef\xbb\xbfdata:1\n\n\xef\xbb\xbfdata:2\n\ndata:3\n\n\n", [("message", "1", ""), ("message", "3", "")]
    ),
    "bom-double": Vector(
        b"\xef\xbb\xbf\xef\xbb\xbfdata:1\n\ndata:2\n\ndata:3\n\n\n", [("message", "2", ""), ("message", "3", "")]
    ),
    "comments": Vector(
        b"data:1\r:\0\n:\r\ndata:2\n:" + b"x" * 2048 + b"\rdata:3\n:data:fail\r:" + b"x" * 2048 + b"\ndata:4\n\n",
        [("message", "1\n2\n3\n4", "")],
    ),
    "eof-without-blank-line": Vector(
        b"retry:1000\ndata:test1\n\nid:test\ndata:test2\n", [("message", "test1", "")], 1000
    ),
    "data-variants": Vector(
        b"data:\n\ndata\ndata\n\ndata:test\n\n\n", [("message", "", ""), ("message", "\n", ""), ("message", "test", "")]
    ),
    "event-empty-name": Vector(b"event: \ndata:data\n\n\n", [("message", "data", "")]),
    "event-name-not-sticky": Vector(b"event:test\ndata:x\n\ndata:x\n\n\n", [("test", "x", ""), ("message", "x", "")]),
    "id-utf8": Vector(b"id: \xe2\x80\xa6\nretry: 200\ndata: hello\n\n", [("message", "hello", "…")], 200),
    "id-persists": Vector(b"id: 1\ndata: 1\n\ndata:2\n\n", [("message", "1", "1"), ("message", "2", "1")]),
    "id-changes": Vector(
        b"id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", "2"), ("message", "3", "2")],
    ),
    "id-empty-resets": Vector(
        b"id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
        [("message", "1", "1"), ("message", "2", ""), ("message", "3", "")],
    ),
    "id-null-1": Vector(b"id: \x00\x00\ndata: hello\n\n", [("message", "hello", "")]),
    "id-null-2": Vector(b"id: x\x00\ndata: hello\n\n", [("message", "hello", "")]),
    "id-null-3": Vector(b"id: \x00x\ndata: hello\n\n", [("message", "hello", "")]),
    "id-null-4": Vector(b"id: x\x00x\ndata: hello\n\n", [("message", "hello", "")]),
    "field-parsing": Vector(
        b"data:\x00\ndata:  2\rData:1\ndata\x00:2\ndata:1\r\x00data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        [("message", "\x00\n 2\n1\n3\n\n4", "")],
    ),
    "retry-bogus": Vector(b"retry:3000\nretry:1000x\ndata:x\n\n\n", [("message", "x", "")], 3000),
    "retry-empty": Vector(b"retry\ndata:test\n\n\n", [("message", "test", "")]),
    "retry-leading-zero": Vector(b"retry:03000\ndata:x\n\n\n", [("message", "x", "")], 3000),
    "unknown-fields": Vector(
        b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n\n",
        [("message", "test\n\ntest", "")],
    ),
    "leading-space": Vector(b"data:\ttest\rdata: \ndata:test\n\n\n", [("message", "\ttest\n\ntest", "")]),
    "newlines": Vector(b"data:test\r\ndata\ndata:test\r\n\r\n", [("message", "test\n\ntest", "")]),
    "null-in-data": Vector(b"data:\x00\n\n\n\n\n", [("message", "\x00", "")]),
    "utf8-always": Vector(b"data:ok\xe2\x80\xa6\n\n\n", [("message", "ok…", "")]),
    "lines-and-data": Vector(
        b"data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
        [("message", "msg\nmsg", ""), ("message", "", ""), ("message", "end", "")],
    ),
    "x-id-without-data": Vector(b"id: 7\n\ndata: a\n\n", [("message", "a", "7")]),
    "x-comment-after-id": Vector(
        b"id: 7\ndata: a\n\n: hb\n\ndata: b\n\n", [("message", "a", "7"), ("message", "b", "7")]
    ),
    "x-retry-only": Vector(b"retry: 50\n\ndata: a\n\n", [("message", "a", "")], 50),
    "x-event-only": Vector(b"event: ping\n\ndata: a\n\n", [("message", "a", "")]),
    "x-cr-only": Vector(b"data: a\rdata: b\r\rdata: c\r\r", [("message", "a\nb", ""), ("message", "c", "")]),
    "x-crlf": Vector(b"id: 1\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [("message", "a", "1"), ("message", "b", "1")]),
    "x-u2028": Vector(b"data: a\xe2\x80\xa8b\xc2\x85c\x0bd\x0ce\n\n", [("message", "a\u2028b\x85c\x0bd\x0ce", "")]),
    "x-invalid-utf8": Vector(b"data: a\xffb\n\n", [("message", "a�b", "")]),
    "x-crcr": Vector(b"data: a\r\r\ndata: b\n\n", [("message", "a", ""), ("message", "b", "")]),
}
