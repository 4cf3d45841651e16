"""The fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11), and Retry-After."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec


class Quota(msgspec.Struct, frozen=True):
    """How one limit stands. `reset`: seconds until one more request is possible than now."""

    amount: int
    window: int
    remaining: int
    reset: float


def headers(policy: str, quotas: Sequence[Quota]) -> list[tuple[bytes, bytes]]:
    """Both fields; limits after the first are told apart by a number."""
    names = [policy if index == 0 else f"{policy}-{index + 1}" for index in range(len(quotas))]
    named = list(zip(names, quotas, strict=True))
    policies = ", ".join(f'"{name}";q={quota.amount};w={quota.window}' for name, quota in named)
    states = ", ".join(f'"{name}";r={quota.remaining};t={math.ceil(quota.reset)}' for name, quota in named)
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", states.encode())]


def retry_after(quotas: Sequence[Quota]) -> int:
    """Whole seconds, at least 1, after which every limit has room again."""
    waits = [quota.reset for quota in quotas if quota.remaining == 0]
    return max(1, math.ceil(max(waits, default=0)))
