"""How an API key is written: `aa_live_<key id>_<secret><checksum>`, letters and digits only.

It lives beside the settings because a bootstrap key from the environment is checked with all other settings.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import msgspec

PREFIX = "aa_live_"
KEY_ID_CHARS = 12
SECRET_CHARS = 43
CHECKSUM_CHARS = 6
SECRET_BYTES = 32

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{KEY_ID_CHARS}}})_[0-9A-Za-z]{{{SECRET_CHARS + CHECKSUM_CHARS}}}")


class KeyText(msgspec.Struct, frozen=True):
    """A well-formed key: its public id and the whole text, which is secret."""

    key_id: str
    text: str

    def __repr__(self) -> str:
        return f"KeyText(key_id={self.key_id!r}, text=***)"

    @property
    def last_four(self) -> str:
        return self.text[-4:]


def generate_key(random_bytes: Callable[[int], bytes]) -> KeyText:
    """Make a key with 256 random bits; `random_bytes(n)` gives n bytes from a secure source."""
    key_id = _base62(random_bytes(9), KEY_ID_CHARS + 1)[-KEY_ID_CHARS:]
    body = f"{PREFIX}{key_id}_{_base62(random_bytes(SECRET_BYTES), SECRET_CHARS)}"
    return KeyText(key_id, body + _checksum(body))


def parse_key(text: str) -> KeyText | None:
    """The key if form and checksum are right; a typing error or a made-up key costs no database look-up."""
    match = _FORM.fullmatch(text)
    if match is None or _checksum(text[:-CHECKSUM_CHARS]) != text[-CHECKSUM_CHARS:]:
        return None
    return KeyText(match[1], text)


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()).to_bytes(4, "big"), CHECKSUM_CHARS)


def _base62(raw: bytes, width: int) -> str:
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, "0")
