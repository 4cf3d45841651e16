"""Headers that tell browsers what our answers may and may not do."""

from __future__ import annotations

from collections.abc import Sequence

Headers = Sequence[tuple[bytes, bytes]]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: For everything that is no page: it may load nothing and be framed by nobody.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    # Not `no-referrer`: with it, browsers send `Origin: null` with our own forms, and the CSRF check needs it.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Adds what a response does not say itself; a route may set its own policy or caching."""

    def __init__(self, *, https: bool) -> None:
        self._always = (*_ALWAYS, _HSTS) if https else _ALWAYS

    def missing(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        """What to add to the headers of a response."""
        given = {name.lower(): value for name, value in headers}
        policy = PAGE_POLICY if given.get(b"content-type", b"").startswith(b"text/html") else DATA_POLICY
        wanted = (*self._always, (b"content-security-policy", policy.encode()), (b"cache-control", b"no-store"))
        return [(name, value) for name, value in wanted if name not in given]
