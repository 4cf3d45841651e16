"""Which model services there are."""

from __future__ import annotations

from collections.abc import Iterator

from app.doctor.finding import Finding, ok, warn
from app.settings import Settings
from lib.streaming.providers.local_server import is_available


def check_providers(settings: Settings) -> Iterator[Finding]:
    openai = settings.openai_api_key is not None
    local = settings.local_model == "auto" and is_available()
    if openai:
        yield ok("provider openai", f"configured, at {settings.openai_base_url or 'its own address'}")
    else:
        yield ok("provider openai", "off: OPENAI_API_KEY is not set")
    if local:
        yield ok("provider local", "the bundled model")
    else:
        why = "AA_LOCAL_MODEL=off" if settings.local_model == "off" else "no bundled model on this platform"
        yield ok("provider local", f"off: {why}")
    if not (openai or local):
        yield warn("providers", "only the scripted one, which makes answers up", "set OPENAI_API_KEY")
