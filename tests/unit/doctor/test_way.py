"""The way to a service: through proxies that treat streams well, and through those that do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.doctor.examination import CONNECTIONS, examine_way
from app.doctor.finding import Finding, Outcome
from tests.support.bad_proxy import bad_proxy
from tests.support.service import Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK, WARN, FAIL = Outcome.OK, Outcome.WARN, Outcome.FAIL


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("way"), heartbeat_seconds="0.3") as running:
        yield running


async def examined(port: int, key: str, *, many_nodes: bool = False) -> dict[str, Finding]:
    url = f"http://127.0.0.1:{port}"
    findings = await asyncio.to_thread(lambda: list(examine_way(url, key, many_nodes=many_nodes)))
    return {finding.check: finding for finding in findings}


def bad(findings: dict[str, Finding]) -> dict[str, Outcome]:
    return {name: finding.outcome for name, finding in findings.items() if finding.outcome is not OK}


async def test_without_anything_in_between_all_is_well(service: Service) -> None:
    found = await examined(service.server.port, (await service.person()).key)
    assert bad(found) == {}
    assert set(found) == {
        "forwarding", "client address", "nodes", "compression", "buffering", "heartbeats", "cuts",
    }  # fmt: skip
    assert found["client address"].found.endswith("127.0.0.1")


@pytest.mark.parametrize(
    ("treatment", "outcomes"),
    [
        ("plain", {}),
        ("buffering", {"buffering": FAIL}),
        ("gzip", {"compression": WARN}),
        ("gzip-buffering", {"compression": WARN, "buffering": FAIL}),
        ("cutting", {"heartbeats": FAIL, "cuts": FAIL}),
        ("no-comments", {"heartbeats": FAIL}),
        ("dropping", {"cuts": FAIL}),
    ],
)
async def test_what_a_proxy_does_to_streams_is_named_and_nothing_else(
    service: Service, treatment: str, outcomes: dict[str, Outcome]
) -> None:
    async with bad_proxy(service.server.port, treatment=treatment) as port:
        found = await examined(port, (await service.person()).key)
    assert bad(found) == outcomes
    assert all(finding.advice for finding in found.values() if finding.outcome is not OK)


async def test_the_nodes_behind_one_address_are_counted(service: Service, tmp_path: Path) -> None:
    person = await service.person()
    async with running_service(tmp_path, heartbeat_seconds="0.3") as other:
        # The key is known to the first node only: an answer of the second one is a refusal.
        async with bad_proxy(service.server.port, other.server.port) as port:
            refused = await examined(port, person.key)
        assert (refused["way"].outcome, "401" in refused["way"].found) == (FAIL, True)
    async with bad_proxy(service.server.port) as port:
        one = await examined(port, person.key, many_nodes=True)
    assert bad(one) == {"nodes": WARN}


async def test_each_connection_is_a_new_one(service: Service) -> None:
    person = await service.person()
    found = await examined(service.server.port, person.key)
    assert f"{CONNECTIONS} connections reached 1" in found["nodes"].found
