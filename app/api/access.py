"""Whose is it, and who else may: not yours and not there look the same."""

from __future__ import annotations

from app.db.database import Storage
from app.db.records import AssistantRecord, AssistantStatus, UserRecord, UserRole
from app.http.principal import Principal
from app.http.problems import ApiError
from lib.streaming.clock import Clock
from lib.streaming.types import ExecutionId


def is_admin(principal: Principal) -> bool:
    """An administrator, asking with a credential that may do an administrator's work."""
    return principal.has_role(UserRole.ADMIN)


class Access:
    """Every look at another's execution by an administrator leaves an audit row."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self.now_ms = clock.now_ms

    async def execution(self, principal: Principal, execution_id: str, action: str, request_id: str) -> bool:
        """Whether it is the principal's own; raise `ApiError(not_found)` for those it is not to know of."""
        owner = await self._storage.executions.owner_of(ExecutionId(execution_id))
        if owner == principal.id:
            return True
        if owner is None or not is_admin(principal):
            raise ApiError("not_found", f"There is no execution {execution_id[:64]!r}.")
        await self.note(principal, action, execution_id, request_id)
        return False

    async def own_execution(self, principal: Principal, execution_id: str) -> None:
        """Raise `ApiError(not_found)` unless it is the principal's own, whatever its role."""
        if await self._storage.executions.owner_of(ExecutionId(execution_id)) != principal.id:
            raise ApiError("not_found", f"There is no execution {execution_id[:64]!r}.")

    async def note(self, principal: Principal, action: str, target: str, request_id: str) -> None:
        """Leave an audit row."""
        await self._storage.audit.add(principal.id, action, target, request_id=request_id)

    async def assistant(self, principal: Principal, id_or_slug: str) -> AssistantRecord:
        """An assistant the principal may see: an approved one, its own, for an administrator any."""
        assistant = await self._storage.assistants.get(id_or_slug)
        if assistant is None or not may_see(principal, assistant):
            raise ApiError("not_found", f"There is no assistant {id_or_slug[:64]!r}.")
        return assistant

    async def read_assistant(self, principal: Principal, id_or_slug: str, request_id: str) -> AssistantRecord:
        """As `assistant`, for who is shown its definition: one that only its author may see leaves an audit row."""
        assistant = await self.assistant(principal, id_or_slug)
        if assistant.owner_id != principal.id and assistant.status is not AssistantStatus.APPROVED:
            await self.note(principal, "assistant.read", assistant.id, request_id)
        return assistant

    async def own_assistant(self, principal: Principal, id_or_slug: str) -> AssistantRecord:
        """An assistant the principal may change. Raises `ApiError(forbidden)` for one it may only see."""
        assistant = await self.assistant(principal, id_or_slug)
        if not may_change(principal, assistant):
            raise ApiError("forbidden", "Only its author or an administrator may do this.")
        return assistant


def may_see(principal: Principal, assistant: AssistantRecord) -> bool:
    return assistant.status is AssistantStatus.APPROVED or may_change(principal, assistant)


def may_change(principal: Principal, assistant: AssistantRecord) -> bool:
    return assistant.owner_id == principal.id or is_admin(principal)


def viewer(principal: Principal) -> UserRecord:
    """The principal as lists see it: a key without the administrator's scope looks as its user would without the role."""
    role = UserRole.ADMIN if is_admin(principal) else UserRole.USER
    return UserRecord(
        id=principal.id, email=principal.email, name=principal.name, role=role, disabled=False, created_ms=0
    )
