"""Settings that are right each by itself and still make trouble in a deployment like this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from app.doctor.finding import Finding, ok, warn
from app.settings import Settings

CHECK = "settings"
POSTGRESQL = "postgresql"


def check_settings(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """`environ` tells what was given and what was made."""
    given = sum(1 for name in environ if name.startswith("AA_") and environ[name])
    yield ok(CHECK, f"readable, {given} of them given by AA_ variables")
    yield from _several_nodes(settings, environ)
    yield from _proxies(settings)


def _several_nodes(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    if settings.database_kind != POSTGRESQL:
        return
    if not environ.get("AA_SECRET_KEY"):
        yield warn(
            "secret key",
            "each node makes its own: forms of a page from one are refused by another",
            "set the same AA_SECRET_KEY on every node",
        )
    if settings.limits_url.startswith("memory://"):
        yield warn(
            "rate limits",
            "each process counts for itself: N processes let N times the limit pass",
            "set AA_LIMITS_URL to a Valkey or Redis server",
        )


def _proxies(settings: Settings) -> Iterator[Finding]:
    if settings.https and settings.trusted_proxies is None:
        yield warn(
            "proxies",
            "users come over TLS, so through a proxy, and no proxy's word is taken: all of them count as one address",
            "set AA_TRUSTED_PROXIES to the proxy's address",
        )
    if settings.public_url is None and not _is_loopback(settings.host):
        yield warn(
            "public address",
            f"the service listens on {settings.host} and does not know the address users see",
            "set AA_PUBLIC_URL",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
