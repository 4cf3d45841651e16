"""What the diagnostic routes need of their process."""

from __future__ import annotations

from litestar.types import ASGIApp

from app.api.diagnostic_source import DiagnosticSource
from app.http.deliveries import Deliveries
from lib.streaming.clock import Clock


class Diagnosis:
    def __init__(self, node: str, deliveries: Deliveries, clock: Clock, heartbeat_seconds: float) -> None:
        self.node = node
        self.heartbeat_seconds = heartbeat_seconds
        self._deliveries = deliveries
        self._clock = clock

    def stream(self) -> ASGIApp:
        """Sent as every other stream is: what happens to it happens to them."""
        return self._deliveries.open(DiagnosticSource(self._clock), self._deliveries.frames("diagnostic"))
