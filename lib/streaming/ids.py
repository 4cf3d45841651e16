"""Identifiers: UUID version 7 (RFC 9562 section 5.7), monotonic within one factory."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable

IdFactory = Callable[[], str]


class Uuid7Factory:
    """Make UUIDv7 strings that sort in the order they were made.

    `now_ms` gives Unix milliseconds, `random_bits(n)` gives n random bits. Within one millisecond, or when
    the clock steps back, the 74 random bits count up instead (RFC 9562 section 6.2, method 2).
    """

    def __init__(self, now_ms: Callable[[], int], random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._now_ms = now_ms
        self._random_bits = random_bits
        self._last = (0, 0)

    def __call__(self) -> str:
        ms, tail = self._now_ms(), self._random_bits(73)
        last_ms, last_tail = self._last
        if ms <= last_ms:
            ms, tail = last_ms, last_tail + 1 + self._random_bits(32)
        self._last = (ms + (tail >> 74), tail & ((1 << 74) - 1))
        return str(uuid.UUID(int=self._pack(*self._last)))

    @staticmethod
    def _pack(ms: int, tail: int) -> int:
        rand_a, rand_b = tail >> 62, tail & ((1 << 62) - 1)
        return (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
