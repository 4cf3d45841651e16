"""Whether LISTEN and NOTIFY work on the way to a server: a proxy that shares connections loses them in silence."""

from __future__ import annotations

import asyncio
from time import perf_counter
from uuid import uuid4

from sqlalchemy import text

from app.db.postgres.engine import single
from app.db.postgres.failures import translated

#: For connecting and for closing.
GOING_SECONDS = 10.0


async def notification_seconds(url: str, patience: float = 2.0) -> float | None:
    """How long a notification takes; None if it has not come after `patience` seconds.

    Raises `StorageUnavailable`, `UnsupportedDatabase`.
    """
    channel, engine = f"aa_doctor_{uuid4().hex}", single(url)
    came = asyncio.Event()
    # What stands between may also never let go of a connection.
    with translated():
        try:
            async with (
                asyncio.timeout(patience + GOING_SECONDS),
                engine.connect() as listener,
                engine.connect() as speaker,
            ):
                driver = (await listener.get_raw_connection()).driver_connection
                assert driver is not None
                await driver.add_listener(channel, lambda *_: came.set())
                began = perf_counter()
                await speaker.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})
                await speaker.commit()
                try:
                    async with asyncio.timeout(patience):
                        await came.wait()
                except TimeoutError:
                    return None
                return perf_counter() - began
        finally:
            await engine.dispose()
