"""How an execution ends, decided once."""

from __future__ import annotations

import msgspec

from lib.streaming.errors import TIMEOUT_CODES
from lib.streaming.types import EndedBy, ExecutionStatus, PromptStatus


class Ending(msgspec.Struct, frozen=True):
    """A terminal state with its reason; `prompt_status` is what attempts still live become."""

    status: ExecutionStatus
    ended_by: EndedBy
    code: str | None = None
    message: str | None = None

    @property
    def prompt_status(self) -> PromptStatus:
        return _PROMPT_STATUS[self.status]


_PROMPT_STATUS = {
    ExecutionStatus.COMPLETED: PromptStatus.FAILED,
    ExecutionStatus.FAILED: PromptStatus.FAILED,
    ExecutionStatus.CANCELLED: PromptStatus.CANCELLED,
    ExecutionStatus.TIMED_OUT: PromptStatus.TIMED_OUT,
}

COMPLETED = Ending(ExecutionStatus.COMPLETED, EndedBy.ENGINE)

_STOPPED = {
    EndedBy.USER: ("cancelled_by_user", "The person who started the run stopped it."),
    EndedBy.ADMIN: ("cancelled_by_admin", "An administrator stopped the run."),
    EndedBy.DISCONNECT: ("client_disconnected", "The last viewer left and this assistant does not run unwatched."),
}


def stopped(by: EndedBy) -> Ending:
    """The ending a stop asks for."""
    code, message = _STOPPED[by]
    return Ending(ExecutionStatus.CANCELLED, by, code, message)


def timed_out(code: str, message: str) -> Ending:
    return Ending(ExecutionStatus.TIMED_OUT, EndedBy.TIMEOUT, code, message)


def failed(code: str, message: str, by: EndedBy = EndedBy.ENGINE) -> Ending:
    """A failure; one of the six clocks' codes makes it `timed_out`."""
    return timed_out(code, message) if code in TIMEOUT_CODES else Ending(ExecutionStatus.FAILED, by, code, message)
