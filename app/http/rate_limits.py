"""Request limits: counted per principal after authentication, all tested before any is used up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, parse_many
from litestar.handlers import BaseRouteHandler

from app.http.guards import Connection, principal_of
from app.http.problems import ApiError
from app.http.rate_headers import Quota, headers, retry_after
from app.http.rate_windows import Counter, Limiter, LimitsUnavailable
from app.http.request_record import request_record

#: A route names its limit by `opt={RATE_LIMIT: STARTS}`.
RATE_LIMIT = "rate_limit"
STARTS = "starts"
SIGN_IN = "sign-in"

#: Account names and addresses are the caller's choice: they share this many counters each.
BUCKETS = 2**14


class RateLimits:
    """The limits of this process. `policies`: name to rates, as `20/minute;200/hour`."""

    def __init__(self, limiter: Limiter, policies: Mapping[str, str]) -> None:
        self._limiter = limiter
        self._items: dict[str, Sequence[RateLimitItem]] = {name: parse_many(rates) for name, rates in policies.items()}

    @property
    def outages(self) -> int:
        """Decisions made without the shared storage, or refused for want of it."""
        return self._limiter.outages

    async def spend(self, policy: str, *identities: str) -> list[tuple[bytes, bytes]]:
        """Use up one request of each identity, or none; the RateLimit headers.

        Raises `ApiError`: `rate_limited` with Retry-After, or `rate_limits_unavailable`.
        """
        counters = [Counter(item, identity) for identity in identities for item in self._items[policy]]
        try:
            verdict = await self._limiter.spend(policy, counters)
        except LimitsUnavailable as error:
            raise ApiError("rate_limits_unavailable", "Try again in a moment.") from error
        if not verdict.allowed:
            raise _refused(policy, verdict.quotas)
        return headers(policy, verdict.quotas)

    async def sign_in(self, account: str, address: str) -> None:
        """Count an attempt to sign in, for the account and for the address. Raises as `spend`."""
        await self.spend(SIGN_IN, _bucket("account", account.casefold()), _bucket("address", _network(address)))

    async def close(self) -> None:
        await self._limiter.close()


class RateLimitGuard:
    """For the application's `guards`: acts on routes whose `opt` names a limit."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        policy = handler.opt.get(RATE_LIMIT)
        if policy is not None:
            principal = principal_of(connection)
            request_record(connection.scope).headers += await self._limits.spend(policy, principal.id)


def _refused(policy: str, quotas: Sequence[Quota]) -> ApiError:
    seconds = retry_after(quotas)
    detail = f"The limit for {policy} is used up. Try again in {seconds} s."
    extra = {name.decode(): value.decode() for name, value in headers(policy, quotas)}
    return ApiError("rate_limited", detail, headers={"Retry-After": str(seconds), **extra})


def _bucket(kind: str, text: str) -> str:
    return f"{kind}-{int.from_bytes(sha256(text.encode()).digest()[:4], 'big') % BUCKETS}"


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them: they count as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) else str(parsed)
