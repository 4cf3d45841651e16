"""Request limits: counted per principal after authentication, all tested before any is used up.

A storage that does not answer within 300 ms refuses: these limits guard money and passwords.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

import msgspec
from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from litestar.handlers import BaseRouteHandler

from app.http.guards import Connection, principal_of
from app.http.problems import ApiError
from app.http.rate_headers import Quota, headers, retry_after
from app.http.request_record import request_record
from lib.streaming.clock import Clock

log = logging.getLogger(__name__)

#: A route names its limit by `opt={RATE_LIMIT: STARTS}`.
RATE_LIMIT = "rate_limit"
STARTS = "starts"
SIGN_IN = "sign-in"

STORAGE_SECONDS = 0.3
#: Account names and addresses are the caller's choice: they share this many counters each.
BUCKETS = 2**14


class Counter(msgspec.Struct, frozen=True):
    """One limit of one identity."""

    item: RateLimitItem
    identity: str


class RateLimits:
    """The limiters of this process. `policies`: name to rates, as `20/minute;200/hour`."""

    def __init__(self, storage: Storage, clock: Clock, policies: Mapping[str, str]) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._clock = clock
        self._items: dict[str, Sequence[RateLimitItem]] = {name: parse_many(rates) for name, rates in policies.items()}
        #: How often the storage did not answer; for the metrics.
        self.unavailable = 0

    async def spend(self, policy: str, *identities: str) -> list[tuple[bytes, bytes]]:
        """Use up one request of each identity, or none; the RateLimit headers.

        Raises `ApiError`: `rate_limited` with Retry-After, or `rate_limits_unavailable`.
        """
        counters = [Counter(item, identity) for identity in identities for item in self._items[policy]]
        try:
            async with asyncio.timeout(STORAGE_SECONDS):
                allowed = await self._test_all(policy, counters) and await self._hit_all(policy, counters)
                quotas = [await self._quota(policy, counter) for counter in counters]
        except Exception as error:
            self.unavailable += 1
            log.warning("the rate limit storage did not answer: %s", type(error).__name__)
            raise ApiError("rate_limits_unavailable", "Try again in a moment.") from error
        if not allowed:
            raise self._refused(policy, quotas)
        return headers(policy, quotas)

    async def sign_in(self, account: str, address: str) -> None:
        """Count an attempt to sign in, for the account and for the address. Raises as `spend`."""
        await self.spend(SIGN_IN, _bucket("account", account.casefold()), _bucket("address", _network(address)))

    async def _test_all(self, policy: str, counters: Sequence[Counter]) -> bool:
        return all([await self._limiter.test(counter.item, policy, counter.identity) for counter in counters])

    async def _hit_all(self, policy: str, counters: Sequence[Counter]) -> bool:
        # With a shared storage another process may come between test and hit; then this hit refuses.
        return all([await self._limiter.hit(counter.item, policy, counter.identity) for counter in counters])

    async def _quota(self, policy: str, counter: Counter) -> Quota:
        stats = await self._limiter.get_window_stats(counter.item, policy, counter.identity)
        reset = max(0.0, stats.reset_time - self._clock.now_ms() / 1000)
        return Quota(counter.item.amount, counter.item.get_expiry(), max(0, stats.remaining), reset)

    def _refused(self, policy: str, quotas: Sequence[Quota]) -> ApiError:
        seconds = retry_after(quotas)
        detail = f"The limit for {policy} is used up. Try again in {seconds} s."
        extra = {name.decode(): value.decode() for name, value in headers(policy, quotas)}
        return ApiError("rate_limited", detail, headers={"Retry-After": str(seconds), **extra})


class RateLimitGuard:
    """For the application's `guards`: acts on routes whose `opt` names a limit."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def __call__(self, connection: Connection, handler: BaseRouteHandler) -> None:
        policy = handler.opt.get(RATE_LIMIT)
        if policy is not None:
            principal = principal_of(connection)
            request_record(connection.scope).headers += await self._limits.spend(policy, principal.id)


def _bucket(kind: str, text: str) -> str:
    return f"{kind}-{int.from_bytes(sha256(text.encode()).digest()[:4], 'big') % BUCKETS}"


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them: they count as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) else str(parsed)
