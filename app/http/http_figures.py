"""What the HTTP layer of a process has answered since it was started."""

from __future__ import annotations

from lib.streaming.metering.numbers import Histogram, Tally

#: Seconds.
ANSWER_BEGINS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
STREAMS = (1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0)


class HttpFigures:
    """`requests`: by method, route (a pattern, never an address) and status. `streams`: ended ones, by reason.

    `begin_seconds`: from a request to the first byte of its answer; `stream_seconds`: how long streams lasted.
    """

    def __init__(self) -> None:
        self.requests = Tally(bound=1024)
        self.begin_seconds = Histogram(ANSWER_BEGINS)
        self.streams = Tally()
        self.stream_seconds = Histogram(STREAMS)
