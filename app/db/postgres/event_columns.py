"""Events as the server takes many at once: an array a column."""

from __future__ import annotations

from collections.abc import Sequence

from lib.streaming.ports.log_store import Write


def event_columns(writes: Sequence[Write]) -> list[list[object]]:
    """Of all events of some writes: execution key, number, code, time, data."""
    keys: list[object] = [write.handle.key for write in writes for _ in write.entries]
    columns = zip(*(entry for write in writes for entry in write.entries), strict=True)
    return [keys, *(list(column) for column in columns)]
