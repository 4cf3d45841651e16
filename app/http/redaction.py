"""Takes secrets out of text that is about to be written to a log."""

from __future__ import annotations

import re

MASK = "***"

#: A word that stands, in whatever case, wherever the pattern finds something: looking for it costs next to nothing.
_SECRETS = (
    ("bearer ", re.compile(r"(?i)(?<=\bbearer )\S+")),
    ("basic ", re.compile(r"(?i)(?<=\bbasic )[A-Za-z0-9+/=]{8,}")),
    (
        "authorization",
        re.compile(r"(?i)(?<=\bauthorization)(\"?'?\s*[:=]\s*\"?'?)(?!bearer |basic )[^\s\"',}]+"),
    ),
    *(
        (f"api{joint}key", re.compile(rf"(?i)(?<=\bapi{joint}key)(\"?'?\s*[:=]\s*\"?'?)[^\s\"',}}&]+"))
        for joint in "-_"
    ),
    ("aa_live_", re.compile(r"\baa_live_[0-9A-Za-z_]+")),
    ("sk-", re.compile(r"\bsk-[0-9A-Za-z_-]{6,}")),
    ("aa_session=", re.compile(r"(?<=aa_session=)[^\s;\"']+")),
    ("://", re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]*(?=@)")),
)


def redacted(text: str) -> str:
    """The text with keys, tokens, session cookies and passwords in addresses masked."""
    # Beyond ASCII, letters have more cases than two: there every pattern looks for itself.
    lowered = text.lower() if text.isascii() else None
    for word, pattern in _SECRETS:
        if lowered is None or word in lowered:
            text = pattern.sub(_masked, text)
    return text


def _masked(match: re.Match[str]) -> str:
    return (match[1] if match.re.groups else "") + MASK
