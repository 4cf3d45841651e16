"""The fault server as a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.fault_upstream import FaultUpstream


@pytest.fixture
async def fault_upstream() -> AsyncIterator[FaultUpstream]:
    """A running fault server; at the end no answer may still be under way."""
    async with FaultUpstream() as upstream:
        yield upstream
        await upstream.closed()
