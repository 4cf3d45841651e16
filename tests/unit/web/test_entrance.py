"""Who is not signed in is asked to, and comes back to where they wanted to go."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.web.entrance import own_path
from tests.support.service import Service, running_service

pytestmark = pytest.mark.asyncio(loop_scope="module")
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running_service(tmp_path_factory.mktemp("pages")) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "target"),
    [("/", "/sign-in"), ("/?q=sea", "/sign-in?next=%2F%3Fq%3Dsea")],
)
async def test_who_is_not_signed_in_is_asked_to(service: Service, path: str, target: str) -> None:
    answer = await service.client.get(path, headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, target)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_piece_of_a_page_for_nobody_sends_the_whole_page_to_the_entrance(service: Service) -> None:
    answer = await service.client.get("/", headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"] == "/sign-in"


async def test_a_program_is_told_in_its_own_way(service: Service) -> None:
    answer = await service.client.get("/api/executions", headers=BROWSER)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_who_is_signed_in_gets_the_page_with_its_token(service: Service) -> None:
    browser, person = service.browser(), await service.person_with_password()
    await browser.sign_in(person)
    page = await browser.ask("GET", "/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert f'content="{browser.client.headers["X-CSRF-Token"]}"' in page.text
    assert person.user.email in page.text


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/runs?status=failed", "/runs?status=failed"),
        ("", "/"),
        ("https://example.org/", "/"),
        ("//example.org/", "/"),
        ("/\\example.org", "/"),
        ("/\texample.org", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
async def test_after_signing_in_one_stays_here(wanted: str, path: str) -> None:
    assert own_path(wanted) == path


async def test_the_entrance_loads_nothing_but_our_own_files_and_holds_no_script(service: Service) -> None:
    page = await service.client.get("/sign-in?next=/runs", headers=BROWSER)
    assert 'data-next="/runs"' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|<style", page.text)
    for found in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        assert (await service.client.get(found)).status_code == 200, found


@pytest.mark.parametrize(("path", "status", "code"), [("/no-such-page", 404, "not_found")])
async def test_an_error_is_a_page_that_says_what_to_do(service: Service, path: str, status: int, code: str) -> None:
    browser, person = service.browser(), await service.person_with_password()
    await browser.sign_in(person)
    page = await browser.client.get(path, headers=BROWSER)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert code in page.text
    assert page.headers["x-request-id"] in page.text


async def test_the_theme_that_was_chosen_is_drawn_at_once_and_another_word_is_not_believed(service: Service) -> None:
    dark = await service.client.get("/sign-in", headers={**BROWSER, "Cookie": "aa_theme=dark"})
    odd = await service.client.get("/sign-in", headers={**BROWSER, "Cookie": 'aa_theme="><script>'})
    assert '<html lang="en" data-theme="dark">' in dark.text
    assert '<html lang="en">' in odd.text


async def test_the_icon_that_browsers_ask_for_by_themselves_is_there(service: Service) -> None:
    answer = await service.client.get("/favicon.ico", follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
