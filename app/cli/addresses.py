"""Where this deployment is reached."""

from __future__ import annotations

from app.settings import Settings

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - what is listened on, not a default


def base_url(settings: Settings, port: int | None = None) -> str:
    """What to open in a browser; `port` is the one really listened on, which counts when 0 was asked for."""
    if settings.public_url:
        return settings.public_url
    host = _ANYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port or settings.port}"


def sign_in_url(settings: Settings, token: str, port: int | None = None) -> str:
    """The token stands behind the `#`, so that neither logs nor proxies ever see it."""
    return f"{base_url(settings, port)}/sign-in#token={token}"
