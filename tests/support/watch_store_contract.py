"""What every `WatchStore` promises. Subclass it where the fixtures `stores` and `watches` give an adapter."""

from __future__ import annotations

from lib.streaming.ports.other_nodes import WatchStore
from lib.streaming.types import ExecutionId, WorkerId
from tests.support.stores import Stores

ONE, OTHER = WorkerId("node-1"), WorkerId("node-2")
LEASE = 10.0


class WatchStoreContract:
    async def test_an_execution_nobody_ever_watched_is_not_named(self, stores: Stores, watches: WatchStore) -> None:
        owner = await stores.own()
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {}

    async def test_it_is_watched_while_somebody_is_there(self, stores: Stores, watches: WatchStore) -> None:
        owner, another = await stores.own(), await stores.own()
        await watches.keep(ONE, LEASE)
        await watches.note(ONE, [owner.id, another.id], [])
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: True}
        await watches.note(ONE, [], [owner.id])
        both = await watches.watched([owner.id, another.id], believe_leases=True)
        assert dict(both) == {owner.id: False, another.id: True}
        await watches.note(ONE, [owner.id], [])
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: True}

    async def test_the_last_viewer_may_be_on_any_node(self, stores: Stores, watches: WatchStore) -> None:
        owner = await stores.own()
        for node in (ONE, OTHER):
            await watches.keep(node, LEASE)
            await watches.note(node, [owner.id], [])
        await watches.note(ONE, [], [owner.id])
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: True}
        await watches.note(OTHER, [], [owner.id])
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: False}

    async def test_a_node_takes_its_viewers_along_when_its_lease_lapses(
        self, stores: Stores, watches: WatchStore
    ) -> None:
        owner = await stores.own()
        assert not await watches.keep(ONE, LEASE)
        await watches.note(ONE, [owner.id], [])
        await stores.clock.advance(LEASE - 1)
        assert await watches.keep(ONE, LEASE)
        await stores.clock.advance(LEASE - 1)
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: True}
        await stores.clock.advance(2)
        assert dict(await watches.watched([owner.id], believe_leases=False)) == {owner.id: True}
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: False}
        assert await watches.keep(ONE, LEASE)
        assert dict(await watches.watched([owner.id], believe_leases=True)) == {owner.id: True}

    async def test_an_execution_that_is_not_there_is_not_watched(self, stores: Stores, watches: WatchStore) -> None:
        await watches.keep(ONE, LEASE)
        await watches.note(ONE, [ExecutionId("nowhere")], [ExecutionId("nowhere")])
        assert dict(await watches.watched([ExecutionId("nowhere")], believe_leases=True)) == {}

    async def test_tidying_forgets_ended_executions_and_nodes_long_gone(
        self, stores: Stores, watches: WatchStore
    ) -> None:
        owner, ended = await stores.own(), await stores.own()
        await watches.keep(ONE, LEASE)
        await watches.note(ONE, [owner.id, ended.id], [])
        await ended.end()
        await watches.tidy()
        assert dict(await watches.watched([owner.id, ended.id], believe_leases=True)) == {owner.id: True}
        await stores.clock.advance(25 * 3600)
        await watches.tidy()
        assert dict(await watches.watched([owner.id], believe_leases=False)) == {}
        assert not await watches.keep(ONE, LEASE)
