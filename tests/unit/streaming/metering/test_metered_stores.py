"""Stores that count: they keep the contract, and count what was committed and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

import msgspec
import pytest

from lib.streaming.definition import Definition
from lib.streaming.errors import StorageUnavailable, UpstreamFailure
from lib.streaming.memory_store import MemoryStore
from lib.streaming.metering.engine_figures import EngineFigures
from lib.streaming.metering.execution_store import MeteredExecutionStore
from lib.streaming.metering.log_store import MAX_OPEN, NO_PROVIDER, MeteredLogStore
from lib.streaming.ports.log_store import Write
from lib.streaming.types import AssistantId, EndedBy, ExecutionId, PrincipalId, VersionId
from tests.support.engine import Engine, chain
from tests.support.execution_store_contract import ExecutionStoreContract
from tests.support.fake_clock import FakeClock
from tests.support.log_store_contract import LogStoreContract
from tests.support.stores import Delta, Stores, attempt_started


@pytest.fixture
def figures() -> EngineFigures:
    return EngineFigures()


@pytest.fixture
def stores(figures: EngineFigures) -> Stores:
    clock, numbers = FakeClock(), count(1)
    store = MemoryStore(clock)

    async def principal(name: str = "") -> PrincipalId:
        return PrincipalId(name or f"user-{next(numbers)}")

    async def pin(definition: Definition) -> tuple[AssistantId, VersionId]:
        assistant, version = AssistantId(f"assistant-{next(numbers)}"), VersionId(f"version-{next(numbers)}")
        store.add_version(version, assistant, 1, definition)
        return assistant, version

    metered = MeteredExecutionStore(store, figures), MeteredLogStore(store, figures, clock)
    return Stores(*metered, clock, pin, principal)


class TestExecutionStore(ExecutionStoreContract):
    pass


class TestLogStore(LogStoreContract):
    pass


async def test_a_finished_execution_counts_its_end_its_attempts_and_every_event(figures: EngineFigures) -> None:
    async with Engine(figures=figures) as engine:
        await engine.start(chain("draft", "final"))
        await engine.clock.advance(2)
        await engine.provider.streams[0].text("one ", "two")
        await engine.clock.advance(1)
        await engine.provider.streams[0].finish()
        await engine.provider.streams[1].fail(UpstreamFailure("no", code="upstream_error"))
        assert figures.executions.counts == {("failed", "upstream_error"): 1}
        assert figures.attempts.counts == {("hand", "completed"): 1, ("hand", "upstream_error"): 1}
        # The first event, `execution.queued`, is the start's and not the log's.
        assert figures.events == len(engine.events()) - 1
        assert figures.commit_events.total == figures.events
        assert figures.commit_seconds.count == figures.commit_events.count > 1
        assert figures.first_token_seconds.histograms["hand"].total == 2
        assert figures.attempt_seconds.histograms["hand"].total == 3
        assert figures.execution_seconds.total == 3


async def test_a_stop_ends_the_attempt_under_way_and_counts_no_prompt_that_never_began(figures: EngineFigures) -> None:
    async with Engine(figures=figures) as engine:
        await engine.start(chain("draft", "final"))
        await engine.service.cancel(ExecutionId("run-1"), EndedBy.USER)
        assert figures.executions.counts == {("cancelled", "cancelled_by_user"): 1}
        assert figures.attempts.counts == {("hand", "cancelled_by_user"): 1}


async def test_a_prompt_whose_template_fails_has_asked_no_provider(figures: EngineFigures) -> None:
    definition = chain("draft")
    broken = msgspec.structs.replace(definition.prompts[0], content="broken")
    async with Engine(figures=figures) as engine:
        await engine.start(msgspec.structs.replace(definition, prompts=(broken,)))
        assert figures.attempts.counts == {(NO_PROVIDER, "template_error"): 1}


async def test_a_takeover_counts_as_found_and_taken_by_the_one_and_lost_by_the_other(figures: EngineFigures) -> None:
    successor = EngineFigures()
    async with Engine(figures=figures, lease_seconds=5) as first:
        await first.start(chain("draft"))
        await first.store.expire_leases()
        async with Engine(figures=successor, store=first.store, clock=first.clock, worker="worker-2"):
            await first.clock.advance(1)
            assert (successor.sweep_finds, successor.takeovers, successor.leases_lost) == (1, 1, 0)
            assert (figures.sweep_finds, figures.takeovers, figures.leases_lost) == (0, 0, 1)


async def test_an_execution_that_waits_for_its_first_worker_is_no_find_of_the_sweep(
    stores: Stores, figures: EngineFigures
) -> None:
    await stores.executions.create(await stores.new())
    assert len(await stores.executions.orphans(10)) == 1
    assert figures.sweep_finds == 0


async def test_what_the_store_refuses_is_not_counted(stores: Stores, figures: EngineFigures) -> None:
    zombie = await stores.own()
    await stores.take_over(zombie.id)
    assert await stores.log.commit([zombie.write(Delta(0, 1, "late"))])
    assert (figures.events, figures.leases_lost) == (0, 1)


class DeadStore(MemoryStore):
    async def commit(self, writes: Sequence[Write]) -> Collection[ExecutionId]:
        raise StorageUnavailable("It does not answer.")


async def test_a_commit_that_fails_is_counted_as_that(figures: EngineFigures) -> None:
    clock = FakeClock()
    store = MeteredLogStore(DeadStore(clock), figures, clock)
    with pytest.raises(StorageUnavailable):
        await store.commit([])
    assert (figures.commit_failures, figures.commit_seconds.count) == (1, 0)


async def test_attempts_that_never_end_here_are_forgotten(stores: Stores) -> None:
    assert isinstance(stores.log, MeteredLogStore)
    owner = await stores.own()
    for number in range(MAX_OPEN + 5):
        stores.log._note(owner.claim.handle.key, attempt_started("draft", number))
    assert len(stores.log._models) == MAX_OPEN
