"""Request limits: counted per principal after authentication, all tested before any is used up."""

from __future__ import annotations

#: A route names its limit by `opt={RATE_LIMIT: STARTS}`.
RATE_LIMIT = "rate_limit"
STARTS = "starts"
SIGN_IN = "sign-in"


class RateLimits:
    """The limiters of this process; the guard reads the route's `opt`."""

    async def sign_in(self, account: str, address: str) -> None:
        """Count an attempt to sign in, for the account and for the address. Raises `ApiError(rate_limited)`."""
        raise NotImplementedError
