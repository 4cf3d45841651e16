"""Takes secrets out of text that is about to be written to a log."""

from __future__ import annotations

import re

MASK = "***"

_SECRETS = (
    re.compile(r"(?i)(?<=\bbearer )\S+"),
    re.compile(r"(?i)(?<=\bbasic )[A-Za-z0-9+/=]{8,}"),
    re.compile(r"(?i)(?<=\bauthorization)(\"?'?\s*[:=]\s*\"?'?)(?!bearer |basic )[^\s\"',}]+"),
    re.compile(r"(?i)(?<=\bapi[-_]key)(\"?'?\s*[:=]\s*\"?'?)[^\s\"',}&]+"),
    re.compile(r"\baa_live_[0-9A-Za-z_]+"),
    re.compile(r"\bsk-[0-9A-Za-z_-]{6,}"),
    re.compile(r"(?<=aa_session=)[^\s;\"']+"),
    re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*(?=@)"),
)


def redacted(text: str) -> str:
    """The text with keys, tokens, session cookies and passwords in addresses masked."""
    for pattern in _SECRETS:
        text = pattern.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    return (match[1] if match.re.groups else "") + MASK
