"""A node's ear for the others: what it hears, what it reads, and what it does when its connection is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress

import asyncpg
import pytest

from app.db.database import Storage
from app.db.postgres import hub as hub_module
from app.db.postgres.hub import Hub
from app.db.postgres.plain import connector
from lib.streaming.clock import SystemClock
from lib.streaming.errors import StorageUnavailable
from lib.streaming.types import EndedBy, ExecutionId, Seq, WorkerId
from tests.support.stores import Delta, Stores

pytestmark = pytest.mark.timeout(30)


class Notebook:
    """An `Ear` that writes everything down."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []
        self.beginnings = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def moved(self, newest: Collection[tuple[int, Seq]]) -> None:
        self._note("moved", [*newest])

    def stop_asked(self, execution_id: ExecutionId) -> None:
        self._note("stop", execution_id)

    def audience_changed(self, execution_id: ExecutionId) -> None:
        self._note("audience", execution_id)

    def missed(self) -> None:
        self.beginnings += 1
        self._tell()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    def _note(self, kind: str, what: object) -> None:
        self.heard.append((kind, what))
        self._tell()

    def _tell(self) -> None:
        async def tell() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.ensure_future(tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@pytest.fixture
def url(postgres_url: str) -> str:
    return postgres_url


@pytest.fixture
def hub(postgres_url: str) -> Hub:
    return Hub(connector(postgres_url, statement_seconds=5), SystemClock())


@pytest.fixture
async def notebook(hub: Hub) -> AsyncIterator[Notebook]:
    notebook = Notebook()
    listening = asyncio.ensure_future(hub.listen(notebook))
    await notebook.until(lambda: notebook.beginnings == 1)
    yield notebook
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def test_a_commit_is_heard_once_with_all_that_it_moved(notebook: Notebook, stores: Stores) -> None:
    one, other = await stores.own(), await stores.own()
    await stores.log.commit([one.write(Delta(0, 1, "a")), other.write(Delta(0, 1, "b"))])
    await notebook.until(lambda: bool(notebook.heard))
    assert notebook.heard == [("moved", [(one.claim.handle.key, 2), (other.claim.handle.key, 2)])]


async def test_a_refused_write_moves_nothing(notebook: Notebook, stores: Stores) -> None:
    owner = await stores.own()
    await stores.take_over(owner.id)
    await owner.commit(Delta(0, 1, "late"))
    await stores.executions.request_cancel(owner.id, EndedBy.USER)
    await notebook.until(lambda: bool(notebook.heard))
    assert notebook.heard == [("stop", owner.id)]


async def test_only_a_stop_that_somebody_must_hear_of_is_said(notebook: Notebook, stores: Stores) -> None:
    pending, owner = await stores.start(), await stores.own()
    await stores.executions.request_cancel(pending.id, EndedBy.USER)
    await stores.executions.request_cancel(owner.id, EndedBy.USER)
    await notebook.until(lambda: bool(notebook.heard))
    assert notebook.heard == [("stop", owner.id)]


async def test_a_change_of_the_audience_is_heard(notebook: Notebook, stores: Stores, storage: Storage) -> None:
    owner, node = await stores.own(), WorkerId("node-1")
    await storage.watches.keep(node, 10)
    await storage.watches.note(node, [owner.id], [])
    await notebook.until(lambda: bool(notebook.heard))
    assert notebook.heard == [("audience", owner.id)]


@pytest.mark.usefixtures("notebook")
async def test_the_tails_of_many_executions_are_one_query(hub: Hub, stores: Stores) -> None:
    owners = [await stores.own() for _ in range(3)]
    for owner in owners:
        await owner.commit(*(Delta(0, 1, str(number)) for number in range(5)))
    keys = [owner.claim.handle.key for owner in owners]
    rows = await hub.read_tails({keys[0]: Seq(1), keys[1]: Seq(4), keys[2]: Seq(6)}, 3)
    assert [(key, entry.seq) for key, entry in rows] == [
        *((keys[0], number) for number in (2, 3, 4)),
        *((keys[1], number) for number in (5, 6)),
    ]
    assert [entry for key, entry in rows if key == keys[1]] == (await stores.entries(owners[1].id))[4:6]


async def test_a_lost_connection_is_replaced_and_says_that_words_were_missed(
    hub: Hub, notebook: Notebook, stores: Stores, postgres_url: str
) -> None:
    owner = await stores.own()
    connection = await connector(postgres_url, statement_seconds=5)()
    await connection.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    await notebook.until(lambda: notebook.beginnings == 2)
    await owner.commit(Delta(0, 1, "after"))
    await notebook.until(lambda: bool(notebook.heard))
    assert notebook.heard == [("moved", [(owner.claim.handle.key, 2)])]
    assert len(await hub.read_tails({owner.claim.handle.key: Seq(1)}, 10)) == 1


async def test_while_the_database_is_away_nothing_is_read_and_it_is_tried_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_module, "RECONNECT_SECONDS", 0.01)
    connect = connector(postgres_url, statement_seconds=5)
    tries: list[int] = []

    async def flaky() -> asyncpg.Connection:
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionRefusedError("nobody listens")
        return await connect()

    hub, notebook = Hub(flaky, SystemClock()), Notebook()
    with pytest.raises(StorageUnavailable):
        await hub.read_tails({1: Seq(0)}, 1)
    listening = asyncio.ensure_future(hub.listen(notebook))
    await notebook.until(lambda: notebook.beginnings == 1)
    assert len(tries) == 3
    assert "nobody listens" in caplog.text
    listening.cancel()


async def test_a_connection_that_no_longer_answers_is_noticed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "CHECK_SECONDS", 0.05)
    connections: list[asyncpg.Connection] = []
    connect = connector(postgres_url, statement_seconds=0.2)

    async def kept() -> asyncpg.Connection:
        connections.append(await connect())
        return connections[-1]

    notebook = Notebook()
    listening = asyncio.ensure_future(Hub(kept, SystemClock()).listen(notebook))
    await notebook.until(lambda: notebook.beginnings == 1)
    # As after a cut cable: nothing comes any more, and nobody says so.
    connections[0]._transport.pause_reading()
    await notebook.until(lambda: notebook.beginnings == 2)
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
