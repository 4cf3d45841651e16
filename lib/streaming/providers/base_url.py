"""Which addresses of upstreams are acceptable."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def base_url_problems(base_url: str) -> list[str]:
    """Everything that is wrong with a provider's base URL, in words; empty if it is good.

    Plain http would show the key to the network, so it is for this machine only.
    """
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ["the base URL is no URL"]
    if parts.scheme not in ("http", "https") or not host:
        return ["the base URL must begin with https:// and name a host"]
    return _problems(parts, host)


def _problems(parts: SplitResult, host: str) -> list[str]:
    problems = []
    if parts.scheme == "http" and not is_loopback(host):
        problems.append("the base URL must begin with https://; plain http is for this machine (127.0.0.1) only")
    if parts.username is not None or parts.password is not None:
        problems.append("the base URL must hold no user name or password; keys have their own setting")
    if parts.query or parts.fragment:
        problems.append("the base URL must hold no '?' and no '#'")
    return problems


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
