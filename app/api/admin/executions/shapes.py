"""What the administrators' routes answer about executions."""

from __future__ import annotations

import msgspec

from app.api.execution_json import ExecutionDetail, ExecutionItem, execution_item
from app.api.moment import moment
from app.db.oversight import Hold, OverseenExecution


class OverseenItem(ExecutionItem, frozen=True, kw_only=True, rename="camel"):
    """An execution in the list; durations in milliseconds."""

    user: str
    model: str | None
    first_token_ms: int | None
    duration_ms: int | None


class OverseenList(msgspec.Struct, frozen=True, rename="camel"):
    """One stretch of the list; `next_cursor` is opaque, and null at the end."""

    items: tuple[OverseenItem, ...]
    next_cursor: str | None


class HoldItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a live execution is still running. `owner`: the worker; a lease that is over has nothing left or less."""

    owner: str | None
    epoch: int
    claims: int
    lease_left_ms: int | None
    newest_event: int
    newest_event_at: str | None
    newest_event_age_ms: int | None
    waits: bool


class OverseenDetail(msgspec.Struct, frozen=True, rename="camel"):
    """The record as its owner sees it, whose it is, and what holds it."""

    execution: ExecutionDetail
    user: str
    hold: HoldItem


class Replay(msgspec.Struct, frozen=True, rename="camel"):
    """Events as they were sent, each with its `seq` and `at`; `next_cursor` is the number to go on after."""

    items: tuple[msgspec.Raw, ...]
    next_cursor: str | None


def overseen_item(found: OverseenExecution) -> OverseenItem:
    return OverseenItem(
        **msgspec.structs.asdict(execution_item(found)),
        user=found.user,
        model=found.model,
        first_token_ms=found.first_token_ms,
        duration_ms=found.duration_ms,
    )


def hold_item(hold: Hold) -> HoldItem:
    return HoldItem(
        owner=hold.owner,
        epoch=hold.epoch,
        claims=hold.claims,
        lease_left_ms=hold.lease_left_ms,
        newest_event=hold.newest_seq,
        newest_event_at=moment(hold.newest_at_ms),
        newest_event_age_ms=hold.newest_age_ms,
        waits=hold.waits,
    )
