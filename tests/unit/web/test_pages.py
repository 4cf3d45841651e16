"""The pages, as far as they can be judged without a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.web.pages import HERE
from tests.support.service import Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODULES = sorted((HERE / "static").glob("*.js"))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.mark.parametrize("path", ["/", "/sign-in"])
async def test_who_is_not_signed_in_is_asked_to(service: Service, path: str) -> None:
    page = await service.client.get(path)
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert 'data-page="sign-in"' in page.text
    assert "csrf-token" not in page.text


async def test_who_is_signed_in_gets_the_page_with_its_token(service: Service) -> None:
    browser, person = service.browser(), await service.person_with_password()
    await browser.sign_in(person)
    page = (await browser.ask("GET", "/")).text
    assert 'data-page="run"' in page
    assert f'content="{browser.client.headers["X-CSRF-Token"]}"' in page
    assert person.user.email in page


async def test_a_name_in_a_page_is_text(service: Service) -> None:
    person = await service.person_with_password()
    browser = service.browser()
    await browser.sign_in(person)
    assert "<script>" not in (await browser.ask("GET", "/")).text


@pytest.mark.parametrize("path", ["/", "/sign-in"])
async def test_a_page_loads_nothing_but_our_own_files_and_holds_no_script(service: Service, path: str) -> None:
    page = await service.client.get(path)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page.text)
    for found in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert found == "data:," or (await service.client.get(found)).status_code == 200


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
async def test_a_module_is_served_as_one_and_asked_for_again(service: Service, module: object) -> None:
    answer = await service.client.get(f"/static/{getattr(module, 'name', '')}")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    for imported in re.findall(r"from '\./([^']+)'", answer.text):
        assert (HERE / "static" / imported).is_file()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
async def test_a_module_never_turns_text_into_markup(module: object) -> None:
    source = (HERE / "static" / str(getattr(module, "name", ""))).read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)


@pytest.mark.parametrize("path", ["/static/../pages.py", "/static/%2e%2e/pages.py", "/static/..%2fpages.py"])
async def test_only_the_static_files_are_served(service: Service, path: str) -> None:
    assert (await service.client.get(path)).status_code == 404
