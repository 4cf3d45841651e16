"""The database as repositories see it: whole transactions, each a synchronous function of one connection."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeVar

import msgspec
from sqlalchemy import Connection

from lib.streaming.types import ExecutionId

T = TypeVar("T")


class DatabaseLoad(msgspec.Struct, frozen=True):
    """How much of what is there is in use: connections open, of these at work, and units of work in line."""

    connections: int
    busy: int
    waiting: int


class Database(Protocol):
    """Runs units of work. Never hands out a connection, so none can be held across an upstream await.

    Both raise `StorageUnavailable` if the database does not answer or has no room; nothing is committed then
    and the next call works again once the cause is gone. A caller that is cancelled does not stop a unit of
    work that has begun. `brief` says of a unit of work that it touches a handful of rows by key: an adapter may
    then run it in place, since handing it to another thread would cost more than the work.
    """

    async def read(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        """Run `work` on one snapshot; it must not write."""

    async def read_one(self, work: Callable[[Connection], T]) -> T:
        """As a brief `read`, for work that needs no snapshot: it is a single statement, or reads what never changes."""

    async def write(self, work: Callable[[Connection], T], *, brief: bool = False) -> T:
        """Run `work` as one transaction: committed if it returns, rolled back if it raises."""

    async def write_one(self, work: Callable[[Connection], T]) -> T:
        """As a brief `write`, for work that is a single statement and so a transaction by itself."""

    def load(self) -> DatabaseLoad: ...

    async def close(self) -> None: ...


class Announcer(Protocol):
    """Tells the other nodes, in the transaction that makes it true: heard if it commits, and only then."""

    def stop_asked(self, connection: Connection, execution_id: ExecutionId) -> None: ...

    def audience_changed(self, connection: Connection, execution_ids: Collection[ExecutionId]) -> None: ...


class TicketWriter(Protocol):
    """The job queue's own statement for a delivery ticket, to be run in the transaction that makes the execution."""

    @property
    def text(self) -> str: ...

    def values(self, *execution_ids: ExecutionId) -> tuple[object, ...]:
        """What goes into the statement's places, in order."""
