"""The database: there, at head, on time, quick, with room, and able to wake other nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from statistics import median

from app.db import diagnosis
from app.db.database import Storage
from app.db.diagnosis import ServerState
from app.doctor.finding import Finding, fail, ok, warn
from lib.streaming.clock import Clock
from lib.streaming.errors import StreamingError

CHECK = "database"
LATE_MS, WRONG_MS = 1000, 30_000
SLOW_COMMIT_SECONDS = 0.01
#: Of each process besides its pool: one that writes events, one that listens, one for the queue.
OWN_CONNECTIONS = 3


async def check_database(
    storage: Storage, clock: Clock, pool_size: int, notification_seconds: Callable[[], Awaitable[float | None]] | None
) -> AsyncIterator[Finding]:
    """`notification_seconds`: how long a NOTIFY takes, or None if it is lost; None itself where nobody needs one."""
    try:
        await storage.ping()
        if await storage.at_head():
            yield ok(CHECK, "answers, and its schema is up to date")
            yield commits(median(await diagnosis.commit_seconds(storage.database)))
            before = clock.now_ms()
            theirs = await diagnosis.clock_ms(storage.database)
            yield skew(theirs - (before + clock.now_ms()) // 2)
        else:
            yield fail(CHECK, "its schema is out of date", "run `assistant-architect migrate`")
        state = await diagnosis.server_state(storage.database)
        if state is not None:
            yield room(state, pool_size)
            yield durability(state)
        if notification_seconds is not None:
            yield notifications(await notification_seconds())
    except StreamingError as error:
        yield fail(CHECK, f"cannot be used: {error.message}", "check AA_DATABASE_URL, and that the server runs")


def skew(milliseconds: int) -> Finding:
    """Ours against the database's: leases are judged by the latter, sessions and logs by the former."""
    found = f"the database's differs by {milliseconds / 1000:.1f} s"
    advice = "let NTP set the clocks of both machines"
    if abs(milliseconds) > WRONG_MS:
        return fail("clock", found, advice)
    return warn("clock", found, advice) if abs(milliseconds) > LATE_MS else ok("clock", found)


def commits(seconds: float) -> Finding:
    found = f"a commit takes {seconds * 1000:.1f} ms"
    if seconds > SLOW_COMMIT_SECONDS:
        return warn("commits", found, "use a faster disk, or one nearer: every event waits for a commit")
    return ok("commits", found)


def room(state: ServerState, pool_size: int) -> Finding:
    left, each = state.most - state.used, pool_size + OWN_CONNECTIONS
    found = f"{state.used} of {state.most} in use; room for {left // each} more processes of {each} each"
    if left < each:
        return warn(
            "connections", found, "raise max_connections, or lower AA_POSTGRES_POOL_SIZE, or run fewer processes"
        )
    return ok("connections", found)


def durability(state: ServerState) -> Finding:
    found = f"PostgreSQL {state.version}, synchronous_commit={state.synchronous_commit}"
    if state.synchronous_commit == "off":
        advice = "turn it on: a crash of the server loses what was answered as stored"
        return warn("durability", found, advice)
    return ok("durability", found)


def notifications(seconds: float | None) -> Finding:
    if seconds is None:
        return fail(
            "notifications",
            "a NOTIFY does not arrive: a proxy on the way shares connections between transactions",
            "connect to the server itself, or set the proxy (PgBouncer: pool_mode) to `session`",
        )
    return ok("notifications", f"one takes {seconds * 1000:.1f} ms")
