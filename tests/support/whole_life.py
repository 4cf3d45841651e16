"""An execution's life with everything that may happen in it, for those who watch what the database does meanwhile."""

from __future__ import annotations

from app.db.database import Storage
from app.db.records import Feedback
from lib.streaming.ports.execution_store import NewExecution
from lib.streaming.types import EndedBy, ExecutionStatus, PromptId
from tests.support.stores import LEASE, WORKER, Delta, Stores


async def live(storage: Storage, stores: Stores, new: NewExecution, again: NewExecution) -> None:
    """Started, run, stopped, taken over, given back, ended, packed, read, judged, run again and deleted.

    `again` keeps the result of the prompt `draft`.
    """
    await storage.execution_store.create(new)
    owner = await stores.claim(new.id)
    await owner.begin()
    await owner.commit(Delta(0, 1, "x"))
    await owner.finish_prompt(output="x")
    await owner.begin("polish")
    await storage.execution_store.renew(WORKER, {owner.id: owner.claim.epoch}, LEASE)
    await storage.execution_store.request_cancel(owner.id, EndedBy.USER)
    owner = await stores.take_over(owner.id)
    await storage.execution_store.orphans(10)
    await storage.execution_store.release(owner.id, owner.claim.epoch)
    owner = await stores.claim(owner.id)
    await owner.end(ExecutionStatus.CANCELLED)
    await storage.execution_store.uncompacted(10)
    await storage.execution_store.compact(owner.id)
    await stores.entries(owner.id)
    await storage.execution_store.request_cancel(owner.id, EndedBy.USER)
    await storage.executions.record(owner.id)
    await storage.executions.owner_of(owner.id)
    await storage.executions.give_feedback(owner.id, PromptId("draft"), Feedback.LIKE)
    await storage.execution_store.create(again)
    assert (await stores.claim(again.id)).claim.kept
    await storage.executions.delete(owner.id)
