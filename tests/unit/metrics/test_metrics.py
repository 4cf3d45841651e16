"""/metrics: what it tells, and to whom."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.db.backlog import Backlog
from app.metrics.exposition import exposition
from app.metrics.loop_lag import EVERY_SECONDS, LoopLag
from app.node import Node
from app.settings import Settings, SettingsError
from lib.streaming.errors import StorageUnavailable
from tests.support.database import open_storage
from tests.support.fake_clock import FakeClock
from tests.support.service import Service, echo, running_service
from tests.support.sql_stores import sql_stores

TOKEN = "a token of many letters"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(page: str) -> dict[str, dict[tuple[str, ...], float]]:
    """Name, then label values in the order of their names, then the figure."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            assert labels not in found.setdefault(sample.name, {}), f"{sample.name}{labels} is there twice"
            found[sample.name][labels] = sample.value
    return found


async def scrape(service: Service) -> Mapping[str, Mapping[tuple[str, ...], float]]:
    answer = await service.client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return samples(answer.text)


async def test_a_run_is_seen_from_its_start_to_its_end(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        person = await service.person()
        assistant = await service.assistant(person, echo())
        for _ in range(3):
            await service.run(person, assistant, topic="rain")
        found = await scrape(service)
    assert found["aa_executions_ended_total"] == {("", "completed"): 3}
    assert found["aa_attempts_total"] == {("completed", "scripted"): 3}
    assert found["aa_execution_seconds_count"] == {(): 3}
    assert found["aa_first_token_seconds_count"] == found["aa_attempt_seconds_count"] == {("scripted",): 3}
    assert found["aa_events_committed_total"][()] >= 3 * 4
    assert found["aa_event_commit_size_sum"] == found["aa_events_committed_total"]
    assert found["aa_event_commit_seconds_count"] == found["aa_event_commit_size_count"]
    assert found["aa_queue_depth"] == found["aa_executions_running"] == found["aa_executions_held"] == {(): 0}
    assert found["aa_streams_open"] == {(): 0}
    assert found["aa_streams_ended_total"] == {("finished",): 3}
    assert found["aa_stream_seconds_count"] == {(): 3}
    assert found["aa_http_requests_total"]["POST", "/api/assistant-architect/stream", "200"] == 3
    assert found["aa_database_up"] == {(): 1}
    assert sum(found["aa_database_connections"].values()) == 3
    assert found["aa_rate_limit_outages_total"] == {(): 0}
    ((database, python, version),) = found["aa_build_info"]
    assert (database, bool(python), bool(version)) == ("sqlite", True, True)
    assert found["process_resident_memory_bytes"][()] > 1_000_000


async def test_buckets_hold_what_is_below_them_and_the_last_holds_all(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        person = await service.person()
        await service.run(person, await service.assistant(person, echo()), topic="rain")
        found = await scrape(service)
    buckets = found["aa_event_commit_size_bucket"]
    in_order = [buckets[bound,] for bound in sorted((bound for (bound,) in buckets), key=float)]
    assert in_order == sorted(in_order)
    assert in_order[-1] == found["aa_event_commit_size_count"][()] == buckets["+Inf",]


async def test_what_waits_and_what_is_watched_is_told_while_it_is(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN, drain_seconds="0") as service:
        person = await service.person()
        assistant = await service.assistant(person, echo(model="scripted/fault-silence-after-tokens"))
        body = {"assistantId": assistant.id, "inputs": {"topic": "rain"}}
        async with service.client.stream("POST", "/api/assistant-architect/stream", json=body, headers=person.headers):
            found = await scrape(service)
            while not found["aa_executions_running"][()]:
                found = await scrape(service)
            assert found["aa_executions_held"] == found["aa_streams_open"] == {(): 1}


async def test_labels_come_from_our_own_words_only(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        for index in range(20):
            await service.client.request("PROPFIND", f"/nowhere/{index}")
            await service.client.get(f"/api/executions/{index}", headers=(await service.person()).headers)
        found = await scrape(service)
    requests = found["aa_http_requests_total"]
    assert requests["other", "(no route)", "404"] == 20
    assert requests["GET", "/api/executions/{execution_id}", "404"] == 20
    assert not [labels for labels in requests if "nowhere" in labels[1]]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
async def test_without_the_token_nothing_is_told(tmp_path: Path, header: dict[str, str]) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        answer = await service.client.get("/metrics", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_an_administrator_s_key_is_no_token_and_a_token_is_no_key(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        admin = await service.person()
        assert (await service.client.get("/metrics", headers=admin.headers)).status_code == 401
        assert (await service.client.get("/api/executions", headers=BEARER)).status_code == 401


async def test_where_no_token_is_set_the_service_s_port_has_no_such_page(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        assert (await service.client.get("/metrics", headers=BEARER)).status_code == 404


async def test_a_port_of_its_own_has_the_figures_and_nothing_else(tmp_path: Path) -> None:
    async with running_service(tmp_path, metrics_port="0") as service, httpx.AsyncClient() as client:
        assert service.node.metrics.own_port is not None
        base = f"http://127.0.0.1:{service.node.metrics.own_port.port}"
        page = await client.get(f"{base}/metrics")
        assert page.status_code == 200
        assert "aa_queue_depth" in samples(page.text)
        assert (await service.client.get("/metrics")).status_code == 404
        assert (await client.get(f"{base}/api/executions")).status_code == 404
        assert (await client.post(f"{base}/metrics")).status_code == 405
        # To its end: how a drain goes is what one wants to see.
        service.node.begin_draining()
        assert (await client.get(f"{base}/metrics")).status_code == 200
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"{base}/metrics")


async def test_a_token_guards_the_port_of_its_own_too(tmp_path: Path) -> None:
    async with (
        running_service(tmp_path, metrics_port="0", metrics_token=TOKEN) as service,
        httpx.AsyncClient() as client,
    ):
        assert service.node.metrics.own_port is not None
        url = f"http://127.0.0.1:{service.node.metrics.own_port.port}/metrics"
        assert (await client.get(url)).status_code == 401
        assert (await client.get(url, headers=BEARER)).status_code == 200


def test_a_port_that_is_taken_is_a_wrong_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = Settings.load({"AA_DATA_DIR": str(tmp_path), "AA_METRICS_PORT": port, "AA_LOCAL_MODEL": "off"})
        with pytest.raises(SettingsError, match=f"AA_METRICS_PORT={port}: 127.0.0.1:{port} cannot be listened on"):
            Node(settings)


async def test_without_a_database_the_page_says_so_and_leaves_its_part_out(tmp_path: Path) -> None:
    async def gone() -> Backlog:
        raise StorageUnavailable("gone")

    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        sources = service.node.metrics.page.sources
        changed = type(sources)(
            **{name: getattr(sources, name) for name in sources.__struct_fields__} | {"backlog": gone}
        )
        found = samples((await exposition(changed)).decode())
    assert found["aa_database_up"] == {(): 0}
    assert "aa_queue_depth" not in found
    assert "aa_streams_open" in found


async def test_the_age_of_the_queue_is_that_of_its_oldest(tmp_path: Path) -> None:
    clock = FakeClock()
    storage = await open_storage(tmp_path, clock)
    stores = sql_stores(storage, clock)
    assert await storage.backlog() == Backlog()
    await stores.executions.create(await stores.new())
    await clock.advance(7.5)
    await stores.executions.create(await stores.new())
    await stores.own()
    found = await storage.backlog()
    assert (found.pending, found.oldest_seconds, found.running) == (2, 7.5, 1)
    await storage.close()


async def test_a_late_event_loop_shows_in_the_lag() -> None:
    clock = FakeClock()
    lag = LoopLag(clock)
    task = asyncio.get_running_loop().create_task(lag.run())
    await clock.advance(3 * EVERY_SECONDS)
    assert (lag.seconds.count, lag.seconds.total) == (3, 0)
    # The loop comes to it only after two seconds.
    clock._seconds += 2
    await clock.advance(0)
    assert lag.seconds.total == pytest.approx(2 - EVERY_SECONDS)
    task.cancel()


async def test_the_operations_guide_names_every_metric(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    async with running_service(tmp_path, metrics_token=TOKEN) as service:
        page = (await service.client.get("/metrics", headers=BEARER)).text
    names = set(re.findall(r"^# TYPE (aa_\w+) ", page, re.MULTILINE))
    assert names == set(re.findall(r"`(aa_\w+)`", guide))
