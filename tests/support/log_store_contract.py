"""What every `LogStore` must do."""

from __future__ import annotations

from lib.streaming.sse_events.log_entry import unpack
from lib.streaming.sse_events.vocabulary import ExecutionFinished, ExecutionQueued, Warned
from lib.streaming.types import Epoch, ExecutionId, ExecutionStatus, PromptId, PromptStatus, Seq
from tests.support.stores import Delta, Stores, execution_ended, finished

AWKWARD = "NUL \x00, CR \r, LF \n, é e\u0301, \u2028\u2029\u0085, \U0001f469\u200d\U0001f680, \ufeff, \ufffe"


class LogStoreContract:
    async def test_what_was_committed_is_read_back_byte_for_byte(self, stores: Stores) -> None:
        owner = await stores.own()
        write = owner.write(Warned("odd", AWKWARD), Delta(0, 1, AWKWARD), Delta(1, 300, "x", reasoning=True))
        assert not await stores.log.commit([write])
        assert (await stores.entries(owner.id))[1:] == list(write.entries)

    async def test_reading_starts_after_a_number_and_stops_at_the_limit(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(*(Delta(0, 1, str(number)) for number in range(10)))
        page = await stores.log.read(owner.claim.handle, Seq(4), 3)
        assert [entry.seq for entry in page] == [5, 6, 7]
        assert not await stores.log.read(owner.claim.handle, Seq(11), 3)

    async def test_the_handle_tells_how_far_the_log_got(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "a"), Delta(0, 1, "b"))
        handle = await stores.handle(owner.id)
        assert (handle.last_seq, handle.terminal) == (3, False)
        assert handle.context.prompt_ids == (PromptId("draft"), PromptId("polish"))
        assert handle.context.execution_id == owner.id
        await owner.end()
        handle = await stores.handle(owner.id)
        assert (handle.last_seq, handle.terminal) == (4, True)

    async def test_an_unknown_execution_has_no_handle(self, stores: Stores) -> None:
        assert await stores.log.handle(ExecutionId("no such")) is None

    async def test_a_log_begins_with_the_execution_being_queued(self, stores: Stores) -> None:
        owner = await stores.own()
        (entry,) = await stores.entries(owner.id)
        assert unpack(entry, owner.claim.handle.context) == ExecutionQueued(position=0)
        assert (entry.seq, entry.at_ms) == (1, stores.clock.now_ms())

    async def test_a_commit_of_many_executions_writes_them_all(self, stores: Stores) -> None:
        owners = [await stores.own() for _ in range(3)]
        assert not await stores.log.commit([owner.write(Delta(0, 1, owner.id)) for owner in owners])
        for owner in owners:
            entry = (await stores.entries(owner.id))[-1]
            assert owner.id.encode() in entry.data

    async def test_an_owner_that_was_replaced_writes_nothing_and_disturbs_nobody(self, stores: Stores) -> None:
        zombie, other = await stores.own(), await stores.own()
        successor = await stores.take_over(zombie.id)
        row = zombie.write(Delta(0, 1, "late"))
        assert set(await stores.log.commit([row, other.write(Delta(0, 1, "fine"))])) == {zombie.id}
        assert [entry.seq for entry in await stores.entries(other.id)] == [1, 2]
        assert not await successor.commit(Delta(0, 1, "mine"))
        assert [entry.data[2:] for entry in await stores.entries(zombie.id)][1:] == [b"mine"]

    async def test_a_replaced_owner_cannot_end_the_execution(self, stores: Stores) -> None:
        zombie = await stores.own()
        await stores.take_over(zombie.id)
        assert set(await zombie.end(ExecutionStatus.FAILED)) == {zombie.id}
        assert not (await stores.handle(zombie.id)).terminal

    async def test_nothing_is_written_to_an_execution_that_has_ended(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.end()
        assert set(await owner.commit(Delta(0, 1, "after the end"))) == {owner.id}
        assert set(await owner.end(ExecutionStatus.FAILED)) == {owner.id}
        last = (await stores.entries(owner.id))[-1]
        event = unpack(last, owner.claim.handle.context)
        assert isinstance(event, ExecutionFinished)
        assert event.status is ExecutionStatus.COMPLETED

    async def test_nobody_writes_to_an_execution_that_was_not_claimed(self, stores: Stores) -> None:
        owner = await stores.own()
        unclaimed = await stores.start()
        assert unclaimed.handle is not None
        write = owner.write(Delta(0, 1, "x"))
        forged = type(write)(unclaimed.handle, Epoch(0), write.entries, ())
        assert set(await stores.log.commit([forged])) == {unclaimed.id}

    async def test_a_write_after_the_end_in_one_batch_is_refused(self, stores: Stores) -> None:
        owner = await stores.own()
        end = owner.write(finished(ExecutionStatus.COMPLETED), changes=[execution_ended(ExecutionStatus.COMPLETED)])
        assert set(await stores.log.commit([end, owner.write(Delta(0, 1, "late"))])) == {owner.id}
        assert len(await stores.entries(owner.id)) == 2

    async def test_an_empty_commit_is_harmless(self, stores: Stores) -> None:
        assert not await stores.log.commit([])

    async def test_entries_of_a_packed_execution_look_as_they_did(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.begin("draft")
        await owner.commit(Delta(0, 1, "void"))
        await owner.retry("draft", 1)
        await owner.begin("draft", 2)
        await owner.begin("polish")
        for number in range(20):
            await owner.commit(Delta(number % 2, 2 - number % 2, f"{number} {AWKWARD}", reasoning=number % 3 == 0))
        await owner.finish_prompt("polish", output="not what was streamed")
        await owner.finish_prompt("draft", 2, PromptStatus.COMPLETED, output="")
        await owner.end()
        before = await stores.entries(owner.id)
        await stores.executions.compact(owner.id)
        assert await stores.entries(owner.id) == before
        for after in range(len(before)):
            page = await stores.log.read(owner.claim.handle, Seq(after), 4)
            assert list(page) == before[after : after + 4]

    async def test_packing_twice_or_too_early_changes_nothing(self, stores: Stores) -> None:
        owner = await stores.own()
        await owner.commit(Delta(0, 1, "live"))
        await stores.executions.compact(owner.id)
        await owner.commit(Delta(0, 1, "still live"))
        await owner.end()
        before = await stores.entries(owner.id)
        for _ in range(2):
            await stores.executions.compact(owner.id)
        await stores.executions.compact(ExecutionId("no such"))
        assert await stores.entries(owner.id) == before
        assert owner.id not in await stores.executions.uncompacted(100)
