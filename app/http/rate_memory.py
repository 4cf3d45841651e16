"""Moving windows in memory, for one process.

The library's own memory storage looks at every key at every hit: with 10 000 keys 6 ms of event loop for one
request. Here each hit forgets only what has run out at the front of a queue ordered by last use.
"""

from __future__ import annotations

from collections import OrderedDict, deque

from limits.aio.storage import MovingWindowSupport, Storage

from lib.streaming.clock import Clock


class MovingWindowMemory(Storage, MovingWindowSupport):
    """Nothing in here suspends, so tests and hits that follow one another without I/O are one step for the loop."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        #: By window length in seconds: keys in the order of their last hit, with the times of their hits.
        self._windows: dict[int, OrderedDict[str, deque[float]]] = {}

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now, window = self._now(), self._windows.setdefault(expiry, OrderedDict())
        self._forget_old(window, now - expiry)
        hits = window.setdefault(key, deque())
        _drop_until(hits, now - expiry)
        if len(hits) + amount > limit:
            return False
        hits.extend([now] * amount)
        window.move_to_end(key)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._now()
        hits = self._windows.setdefault(expiry, OrderedDict()).get(key)
        if hits is None:
            return now, 0
        _drop_until(hits, now - expiry)
        return (hits[0] if hits else now), len(hits)

    def __len__(self) -> int:
        return sum(len(window) for window in self._windows.values())

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("only moving windows are counted here")

    async def get(self, key: str) -> int:
        raise NotImplementedError("only moving windows are counted here")

    async def get_expiry(self, key: str) -> float:
        raise NotImplementedError("only moving windows are counted here")

    async def check(self) -> bool:
        return True

    async def reset(self) -> int | None:
        self._windows.clear()
        return None

    async def clear(self, key: str) -> None:
        for window in self._windows.values():
            window.pop(key, None)

    def _now(self) -> float:
        return self._clock.now_ms() / 1000

    @staticmethod
    def _forget_old(window: OrderedDict[str, deque[float]], horizon: float) -> None:
        while window:
            key, hits = next(iter(window.items()))
            if hits and hits[-1] > horizon:
                return
            del window[key]


def _drop_until(hits: deque[float], horizon: float) -> None:
    while hits and hits[0] <= horizon:
        hits.popleft()
