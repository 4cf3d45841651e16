"""What the pages load: addresses that change with their contents, packed, and nothing beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.web.assets import Assets
from app.web.folders import STATIC
from tests.support.service import Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = sorted(path for path in STATIC.rglob("*") if path.suffix in {".js", ".css"} and "vendor" not in path.parts)
CONTENTS = {path: path.read_bytes() for path in OURS}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("assets")) as running:
        yield running


def address(name: str) -> str:
    return Assets(STATIC).url(name)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
async def test_a_file_is_kept_for_good_since_another_version_has_another_address(service: Service, path: Path) -> None:
    answer = await service.client.get(address(path.relative_to(STATIC).as_posix()))
    assert answer.content == CONTENTS[path]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == f"text/{'javascript' if path.suffix == '.js' else 'css'}; charset=utf-8"


async def test_a_file_of_another_version_is_served_and_not_kept(service: Service) -> None:
    answer = await service.client.get("/static/0123456789ab/css/tokens.css")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


async def test_who_can_unpack_gets_it_packed_and_who_cannot_gets_it_plain(service: Service) -> None:
    url = address("css/parts.css")
    plain = await service.client.get(url, headers={"Accept-Encoding": "identity"})
    packed = await service.client.get(url, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize("name", ["../page.py", "%2e%2e/page.py", "..%2fpage.py", "css", "nothing.js", ""])
async def test_only_the_static_files_are_served(service: Service, name: str) -> None:
    assert (await service.client.get(f"/static/0/{name}")).status_code == 404
