"""The server process: on a stop signal it drains, then stops; a second signal forces."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import uvicorn


class DrainingServer(uvicorn.Server):
    """`begin` turns readiness off at once, `drain` is waited for within `window_seconds`, then uvicorn stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        begin: Callable[[], None],
        drain: Callable[[], Awaitable[None]],
        window_seconds: float,
    ) -> None:
        super().__init__(config)
        self._begin = begin
        self._drain = drain
        self._window_seconds = window_seconds
