"""The kinds of value a setting takes: how each is checked, and how it is described to whoever sets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from app.settings.key_format import parse_key

_RATE = re.compile(r"[1-9]\d{0,8}/([1-9]\d{0,4} ?)?(second|minute|hour|day)s?")


class Form(msgspec.Struct, frozen=True):
    """What a right value looks like, as the settings table and the error message say it."""

    right: str


def _no_nul(text: str) -> str:
    if "\0" in text or text != text.strip():
        raise ValueError("it has a space at an end, or a NUL")
    return text


def _database_url(text: str) -> str:
    if text.startswith(("sqlite:///", "sqlite+aiosqlite:///")):
        return text
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgresql+asyncpg"):
        raise ValueError("it names no database this build can open")
    options = parse_qs(parts.query)
    if not (parts.hostname or "host" in options) or not parts.path.strip("/"):
        raise ValueError("it names no host, or no database on it")
    if unknown := options.keys() - {"host", "port", "ssl", "sslmode"}:
        raise ValueError(f"it has an option this build does not know: {min(unknown)}")
    if not _has_port_or_none(parts):
        raise ValueError("its port is no number; a / in a password is written %2F")
    return text


def _has_port_or_none(parts: SplitResult) -> bool:
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no http or https address")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("it has a user, a query or a fragment")
    return text.rstrip("/")


def _origin(text: str) -> str:
    if urlsplit(_web_url(text)).path not in ("", "/"):
        raise ValueError("it has a path")
    return _web_url(text)


def _limits_url(text: str) -> str:
    parts = urlsplit(text.removeprefix("async+"))
    if parts.scheme not in ("memory", "valkey", "valkeys", "redis", "rediss", "valkey+unix", "redis+unix"):
        raise ValueError("it names no storage this build knows")
    # Reading the port refuses one that is no number.
    if parts.scheme in ("valkey", "valkeys", "redis", "rediss") and not (parts.hostname and parts.port != 0):
        raise ValueError("it names no host")
    if parts.scheme.endswith("+unix") and not parts.path:
        raise ValueError("it names no socket")
    return text


def _rate(text: str) -> str:
    for part in text.split(";"):
        if not _RATE.fullmatch(part.strip()):
            raise ValueError(f"{part.strip()!r} is no rate")
    return text


def _email(text: str) -> str:
    name, at, host = text.partition("@")
    if not (name and at and host) or any(char.isspace() for char in text) or "@" in host or len(text) > 254:
        raise ValueError("it is no e-mail address")
    return text


def _key(secret: SecretStr) -> SecretStr:
    if parse_key(secret.get_secret_value()) is None:
        raise ValueError("its form or its checksum is wrong")
    return secret


def _longer_than(least: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < least:
            raise ValueError(f"it is shorter than {least} characters")
        return secret

    return AfterValidator(check)


def _networks(text: str) -> str:
    for part in text.split(","):
        try:
            ip_network(part.strip())
        except ValueError:
            raise ValueError(f"{part.strip()!r} is no address or network") from None
    return text


def _switch(text: object) -> object:
    if not isinstance(text, str):
        return text
    switches = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if text.lower() not in switches:
        raise ValueError("it is neither on nor off")
    return switches[text.lower()]


def _checked(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(lambda text: check(_no_nul(text)))


Directory = Annotated[Path, Form("path of a directory")]
DatabaseUrl = Annotated[
    str, _checked(_database_url), Form("`sqlite:///<path>` or `postgresql://user:password@host/database`")
]
Host = Annotated[str, AfterValidator(_no_nul), Field(min_length=1), Form("address or host name")]
Port = Annotated[int, Field(ge=0, le=65535), Form("whole number, 0 to 65535; 0 takes a free one")]
Origin = Annotated[str, _checked(_origin), Form("`http(s)://host[:port]`, without a path")]
WebUrl = Annotated[str, _checked(_web_url), Form("`http(s)://host[:port]/path`")]
LimitsUrl = Annotated[
    str, _checked(_limits_url), Form("`memory://`, `valkey://host:port` or `redis://…`; `valkeys://` with TLS")
]
Rate = Annotated[str, _checked(_rate), Form("rates such as `20/minute` or `20/minute;200/hour`")]
Email = Annotated[str, _checked(_email), Form("e-mail address")]
Networks = Annotated[str, _checked(_networks), Form("addresses or networks, separated by commas")]
Switch = Annotated[bool, BeforeValidator(_switch), Form("`on` or `off`")]
Count = Annotated[int, Field(ge=1, le=1_000_000), Form("whole number, 1 or more")]
Days = Annotated[int, Field(ge=1, le=36_500), Form("whole days, 1 or more")]
Seconds = Annotated[float, Field(gt=0, le=86_400), Form("seconds, above 0, at most 86400")]
RunSeconds = Annotated[float, Field(gt=0, le=900), Form("seconds, above 0, at most 900")]
LeaseSeconds = Annotated[float, Field(ge=2, le=3600), Form("seconds, 2 to 3600")]
DrainSeconds = Annotated[float, Field(ge=0, le=3600), Form("seconds, 0 to 3600")]
KeyForm = Annotated[SecretStr, AfterValidator(_key), Form("`aa_live_…` as `assistant-architect keys` makes it")]
SecretText = Annotated[SecretStr, _longer_than(32), Form("secret text of at least 32 characters")]
Token = Annotated[SecretStr, _longer_than(16), Form("secret text of at least 16 characters")]
ProviderKey = Annotated[SecretStr, Field(min_length=1), Form("secret text")]
