"""What all streams of a load record together, and the figures made of it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

from bench.load import LoadResult, percentile_ms


class Readings:
    """Times are nanoseconds; `cpu` tells the server's CPU seconds so far.

    The window is the time in which all streams are open: from the moment the last has begun until the first ends.
    With `steady` only latencies inside it are kept.
    """

    def __init__(self, streams: int, cpu: Callable[[], float], *, steady: bool = False) -> None:
        self.refusal = ""
        self.frames = 0
        self._streams = streams
        self._cpu = cpu
        self._steady = steady
        self._latencies = array("q")
        self._firsts = array("q")
        self._tokens = 0
        self._complete = 0
        self._incomplete = 0
        self._window: tuple[float, int] | None = None
        self._window_cpu_us: float | None = None

    def began(self, waited: int) -> None:
        """A stream's first token came so long after its request."""
        self._firsts.append(waited)
        if len(self._firsts) == self._streams and not self._complete + self._incomplete:
            self._window = self._cpu(), self._tokens

    def took(self, now: int, stamps: Sequence[bytes]) -> None:
        """Tokens came at `now`."""
        self._tokens += len(stamps)
        if self._window is not None or not self._steady:
            self._latencies.extend([now - int(stamp) for stamp in stamps])

    def ended(self, *, complete: bool) -> None:
        """A stream is over, with or without everything it should have brought."""
        self._close_window()
        self._complete += complete
        self._incomplete += not complete

    def missed(self, streams: int) -> None:
        """Streams that were never begun."""
        self._incomplete += streams

    def result(self, seconds: float, cpu: float, lags: Sequence[int], database_cpu: float = 0.0) -> LoadResult:
        """Everything so far as figures; `cpu` and `database_cpu` are seconds over the whole load."""
        return LoadResult(
            complete=self._complete,
            incomplete=self._incomplete,
            tokens=self._tokens,
            frames=self.frames,
            seconds=seconds,
            first_p50=percentile_ms(self._firsts, 0.5),
            first_p99=percentile_ms(self._firsts, 0.99),
            latency_p50=percentile_ms(self._latencies, 0.5),
            latency_p99=percentile_ms(self._latencies, 0.99),
            cpu_us_per_token=self._a_token(cpu),
            database_cpu_us_per_token=self._a_token(database_cpu),
            steady_cpu_us_per_token=self._window_cpu_us,
            lag_p99=percentile_ms(lags, 0.99),
            refusal=self.refusal,
        )

    def _a_token(self, cpu: float) -> float | None:
        """Seconds in all as microseconds a token."""
        return cpu / self._tokens * 1e6 if cpu and self._tokens else None

    def _close_window(self) -> None:
        if self._window is None:
            return
        (cpu, tokens), self._window = self._window, None
        spent, came = self._cpu() - cpu, self._tokens - tokens
        if spent and came:
            self._window_cpu_us = spent / came * 1e6
