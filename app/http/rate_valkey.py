"""Moving windows in a Valkey or Redis server, for any number of processes.

Theory of operation. One script decides: it tests every counter of a request, uses all up or none, and tells how
they stand; no other process comes in between, and the times are the server's own. Requests that come while a call is
under way are decided together by the next one, so a process needs one connection and the load sets the batch
(docs/decisions/0033-limits-over-valkey.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from time import perf_counter

import msgspec
from valkey.asyncio import ConnectionPool, Valkey
from valkey.exceptions import ResponseError

from app.http.rate_headers import Quota
from app.http.rate_windows import Counter, Verdict

#: Names in the server begin with this, so that it may be shared with others.
PREFIX = "assistant-architect:"
#: Requests one call decides at most: about a millisecond of the server's time.
BATCH = 256

_MICROSECONDS = 1_000_000

# KEYS: a list for each counter, of the times (µs) of its requests, newest first.
# ARGV: for each request the number of its counters, then for each of these its limit and its window (µs).
# Returns for each request 1 or 0 (let pass or not), then for each of its counters the count and the µs until it falls.
_SPEND = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function oldest(key)
  return tonumber(redis.call('LINDEX', key, -1) or nil)
end
local function forget(key, horizon)
  local first = oldest(key)
  while first and first <= horizon do
    redis.call('RPOP', key)
    first = oldest(key)
  end
end
local answer = {}
local function tell(number)
  answer[#answer + 1] = number
end
local arg, last = 1, 0
while arg <= #ARGV do
  local first, counters = last + 1, {}
  last = last + tonumber(ARGV[arg])
  local room = true
  for index = first, last do
    local limit, window = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
    arg = arg + 2
    counters[index] = window
    forget(KEYS[index], now - window)
    room = room and redis.call('LLEN', KEYS[index]) < limit
  end
  arg = arg + 1
  tell(room and 1 or 0)
  for index = first, last do
    local key, window = KEYS[index], counters[index]
    if room then
      redis.call('LPUSH', key, string.format('%.0f', now))
      redis.call('PEXPIRE', key, math.ceil(window / 1000))
    end
    tell(redis.call('LLEN', key))
    tell((oldest(key) or now) + window - now)
  end
end
return answer
"""


class _Question(msgspec.Struct):
    """A request that waits for its verdict; whoever has stopped waiting has cancelled the future."""

    policy: str
    counters: Sequence[Counter]
    verdict: asyncio.Future[Verdict]


class ValkeyWindows:
    """Connects when first used. A step of a call that takes longer than `timeout` seconds fails the call."""

    def __init__(self, url: str, timeout: float) -> None:
        # The driver knows a socket by the scheme `unix` alone.
        address = url.removeprefix("async+").replace("valkey+unix://", "unix://").replace("redis+unix://", "unix://")
        self._pool = ConnectionPool.from_url(
            address,
            max_connections=1,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # The driver would tell the server its name and version: two more answers to wait for.
            lib_name=None,
            lib_version=None,
        )
        self._client = Valkey(connection_pool=self._pool)
        self._script = self._client.register_script(_SPEND)
        self._waiting: list[_Question] = []
        self._asker: asyncio.Task[None] | None = None

    async def spend(self, policy: str, counters: Sequence[Counter]) -> Verdict:
        """Use up one request of each counter, or none. Raises whatever the driver raises."""
        loop = asyncio.get_running_loop()
        question = _Question(policy, counters, loop.create_future())
        self._waiting.append(question)
        if self._asker is None or self._asker.done():
            self._asker = loop.create_task(self._ask_all(), name="rate-limits")
        return await question.verdict

    async def answer_seconds(self) -> float:
        """How long the server takes for an answer, with the connection there. Raises whatever the driver raises."""
        await self._client.ping()
        began = perf_counter()
        await self._client.ping()
        return perf_counter() - began

    async def eviction_policy(self) -> str | None:
        """What the server does when its memory is full; None where it does not say."""
        try:
            settings = await self._client.config_get("maxmemory-policy")
        except ResponseError:
            return None
        policy = {_text(name): _text(value) for name, value in settings.items()}.get("maxmemory-policy")
        return policy or None

    async def close(self) -> None:
        if self._asker is not None:
            self._asker.cancel()
            await asyncio.wait({self._asker})
        await self._pool.aclose()

    async def _ask_all(self) -> None:
        while batch := self._take():
            try:
                answer = await self._script(*_call(batch))
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait, not to this task
                for question in batch:
                    if not question.verdict.done():
                        question.verdict.set_exception(error)
            else:
                _settle(batch, answer)

    def _take(self) -> list[_Question]:
        """The next batch; who has stopped waiting is not counted."""
        batch = [question for question in self._waiting[:BATCH] if not question.verdict.done()]
        del self._waiting[:BATCH]
        return batch or (self._take() if self._waiting else [])


def _call(batch: Iterable[_Question]) -> tuple[list[str], list[int]]:
    """Keys and arguments of the script."""
    keys, arguments = [], []
    for question in batch:
        arguments.append(len(question.counters))
        for counter in question.counters:
            keys.append(PREFIX + counter.item.key_for(question.policy, counter.identity))
            arguments += (counter.item.amount, counter.item.get_expiry() * _MICROSECONDS)
    return keys, arguments


def _settle(batch: Iterable[_Question], answer: Iterable[int]) -> None:
    numbers = iter(answer)
    for question in batch:
        allowed = next(numbers)
        quotas = [_quota(counter, *islice(numbers, 2)) for counter in question.counters]
        if not question.verdict.done():
            question.verdict.set_result(Verdict(bool(allowed), quotas))


def _quota(counter: Counter, count: int, reset: int) -> Quota:
    amount, window = counter.item.amount, counter.item.get_expiry()
    return Quota(amount, window, max(0, amount - count), reset / _MICROSECONDS)


def _text(answer: str | bytes) -> str:
    return answer.decode() if isinstance(answer, bytes) else answer
