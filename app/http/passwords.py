"""Passwords: argon2id, in a bounded pool of threads, in equal time for unknown users."""

from __future__ import annotations


class Passwords:
    async def hash(self, password: str) -> str:
        """The encoded argon2id hash. Raises `ApiError(overloaded)` when too many wait already."""
        raise NotImplementedError

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether the password fits. `None` (no such user, or none set) is False after the same work."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
