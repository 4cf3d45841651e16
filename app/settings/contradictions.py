"""Settings that are right each by itself and wrong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from app.settings.problems import SettingProblem


class Kept(Protocol):
    """How long things are kept, in days; None: for ever."""

    @property
    def retention_content_days(self) -> int | None: ...
    @property
    def retention_metadata_days(self) -> int | None: ...
    @property
    def retention_audit_days(self) -> int | None: ...


def contradictions(settings: Kept) -> Iterator[SettingProblem]:
    """Contents go first, then the records they belong to, then the audit of both."""
    content, metadata, audit = (
        settings.retention_content_days,
        settings.retention_metadata_days,
        settings.retention_audit_days,
    )
    if metadata is not None and content is not None and metadata < content:
        wrong = f"records would go before their contents, which are kept {content} days"
        yield SettingProblem("AA_RETENTION_METADATA_DAYS", str(metadata), wrong, "right: as long, or longer")
    least = max((days for days in (content, metadata) if days is not None), default=None)
    if audit is not None and least is not None and audit < least:
        wrong = f"the audit would go before what it is about, which is kept {least} days"
        yield SettingProblem("AA_RETENTION_AUDIT_DAYS", str(audit), wrong, "right: as long, or longer")
