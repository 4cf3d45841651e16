"""What a repository may refuse. Codes are stable; messages are safe to show to the person who asked."""

from __future__ import annotations

from lib.streaming.errors import StreamingError


class RepositoryError(StreamingError):
    """Root of the refusals of `app.db`; a database that does not answer is `StorageUnavailable` instead."""

    code = "storage_error"


class UnsupportedDatabase(RepositoryError):
    """The URL names no database this build can open, or the database refused a setting we rely on."""

    code = "unsupported_database"


class SchemaOutdated(RepositoryError):
    """The schema is not at the newest revision: run the migrations."""

    code = "schema_outdated"


class InvalidCursor(RepositoryError):
    """The list cursor was not made by this list."""

    code = "invalid_cursor"


class EmailTaken(RepositoryError):
    code = "email_taken"


class AssistantNotFound(RepositoryError):
    code = "assistant_not_found"


class AssistantBusy(RepositoryError):
    """The assistant still has live executions, so it cannot be deleted."""

    code = "assistant_busy"


class StatusConflict(RepositoryError):
    """The thing is not in a status from which this move is allowed."""

    code = "status_conflict"


class VersionConflict(RepositoryError):
    """Somebody saved a version in between, so the change does not build on the newest one."""

    code = "version_conflict"


class ExecutionLive(RepositoryError):
    """Only a finished execution can be deleted."""

    code = "execution_not_finished"


class TicketRefused(RepositoryError):
    """The job queue cannot take the ticket of a start; without one the start is possible all the same."""

    code = "ticket_refused"


class UserNotFound(RepositoryError):
    code = "user_not_found"


class LastAdministrator(RepositoryError):
    """Without this one nobody could administer the service any more."""

    code = "last_administrator"
