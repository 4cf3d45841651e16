"""The database as repositories see it: whole transactions, each a synchronous function of one connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class Database(Protocol):
    """Runs units of work. Never hands out a connection, so none can be held across an upstream await.

    Both raise `StorageUnavailable` if the database does not answer or has no room; nothing is committed then
    and the next call works again once the cause is gone. A caller that is cancelled does not stop a unit of
    work that has begun. `brief` says of a unit of work that it touches a handful of rows by key: an adapter may
    then run it in place, since handing it to another thread would cost more than the work.
    """

    async def read(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        """Run `work` on one snapshot; it must not write."""

    async def write(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        """Run `work` as one transaction: committed if it returns, rolled back if it raises."""

    async def write_one(self, work: Callable[[Connection], T]) -> T:
        """As a brief `write`, for work that is a single statement and so a transaction by itself."""

    async def close(self) -> None: ...
