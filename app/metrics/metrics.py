"""The metrics of a process, as its composition root holds them."""

from __future__ import annotations

from app.metrics.loop_lag import LoopLag
from app.metrics.own_port import OwnPort
from app.metrics.page import MetricsPage
from app.metrics.sources import Sources
from app.settings import Settings
from lib.streaming.supervisor import Supervisor


class Metrics:
    """Off unless the settings name a port or a token. Raises `SettingsError` where the port cannot be had."""

    def __init__(self, settings: Settings, sources: Sources, lag: LoopLag) -> None:
        self._lag = lag
        token, port = settings.metrics_token, settings.metrics_port
        self.page = MetricsPage(sources, token.get_secret_value() if token else None)
        self.own_port = None if port is None else OwnPort(settings.host, port, self.page)

    def open(self, supervisor: Supervisor) -> None:
        """Begin to serve and to watch the event loop, if anybody may look."""
        if self.own_port is not None:
            self.own_port.open()
        if self.own_port is not None or self.page.has_token:
            supervisor.keep("event-loop-lag", self._lag.run)

    async def close(self) -> None:
        if self.own_port is not None:
            await self.own_port.close()
