"""Where rate limits are counted, by the URL in the settings."""

from __future__ import annotations

from limits.aio.storage import Storage
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from app.http.rate_limits import STORAGE_SECONDS
from app.http.rate_memory import MovingWindowMemory
from app.settings import SettingProblem, SettingsError
from lib.streaming.clock import Clock


def open_rate_storage(url: str, clock: Clock) -> Storage:
    """The storage of `memory://`, `valkey://…` or `redis://…`; connects at the first use. Raises `SettingsError`."""
    if url.startswith("memory://"):
        return MovingWindowMemory(clock)
    options = {"socket_timeout": STORAGE_SECONDS, "socket_connect_timeout": STORAGE_SECONDS}
    try:
        storage = storage_from_string(f"async+{url}", implementation="valkey", **options)
    except ConfigurationError as error:
        problem = SettingProblem("AA_LIMITS_URL", None, "the package valkey is not installed", "install valkey>=6")
        raise SettingsError([problem]) from error
    assert isinstance(storage, Storage), "an async+ URL makes an async storage"
    return storage
