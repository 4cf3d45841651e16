"""Passwords: argon2id, in a bounded pool of threads, in equal time for unknown users."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.http.problems import ApiError, FieldError

T = TypeVar("T")

#: Memory at most: 64 MiB a thread. Enough for a sign-in; more than these waiting is an attack or a stampede.
THREADS = 2
MOST_WAITING = 32
MAX_PASSWORD_CHARS = 1024


class Passwords:
    """One for the process; `close` it at the end."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=65536, parallelism=1)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The encoded argon2id hash. Raises `ApiError`: `invalid_input` if it is too long, `overloaded`."""
        if len(password) > MAX_PASSWORD_CHARS:
            errors = [FieldError("password", f"It has more than {MAX_PASSWORD_CHARS} characters.")]
            raise ApiError("invalid_input", "The password is too long.", errors=errors)
        return await self._in_pool(lambda: self._hasher.hash(password))

    async def verify(self, password: str, encoded: str | None) -> bool:
        """Whether the password fits. `None` (no such user, or none set) is False after the same work."""
        possible = encoded is not None and len(password) <= MAX_PASSWORD_CHARS
        fits = await self._in_pool(lambda: self._fits(password[:MAX_PASSWORD_CHARS], encoded))
        return fits and possible

    async def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @cached_property
    def _nobody(self) -> str:
        """Made with the same parameters as real ones, so that checking against it takes as long."""
        return self._hasher.hash("nobody has this password")

    def _fits(self, password: str, encoded: str | None) -> bool:
        # Asked for whoever it is: the first sign-in pays for it, not every start, and not only unknown users.
        nobody = self._nobody
        try:
            return self._hasher.verify(encoded or nobody, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_pool(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise ApiError("overloaded", "Too many sign-ins at once. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
