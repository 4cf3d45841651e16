"""What every page is given: who asks, where they are, the token of their session, the addresses of files."""

from __future__ import annotations

from typing import Any, TypeAlias

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.di import NamedDependency
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from app.http.csrf import CsrfTokens
from app.http.principal import Principal
from app.web import navigation
from app.web.assets import Assets
from app.web.folders import TEMPLATES
from app.web.formats import FILTERS

Caller: TypeAlias = Request[Principal | None, Any, Any]

#: Named by the page's own switch; without it the page follows the system.
THEME_COOKIE = "aa_theme"
THEMES = ("light", "dark")


class Pages:
    """Renders page templates. A page is never kept by a browser or a proxy: it is one person's, and of this moment."""

    def __init__(self, assets: Assets, csrf: CsrfTokens) -> None:
        self._assets = assets
        self._csrf = csrf

    def page(self, request: Caller, template: str, *, status: int = 200, **context: object) -> Template:
        """A whole page, or with a template of its own a fragment of one. `context` is what the template speaks of."""
        return Template(
            template,
            context={**self._shared(request), **context},
            status_code=status,
            headers={"Cache-Control": "no-store", "Vary": "Cookie, HX-Request"},
        )

    def asset(self, name: str) -> str:
        """The address of a static file."""
        return self._assets.url(name)

    def _shared(self, request: Caller) -> dict[str, object]:
        caller = request.scope.get("user")
        theme = request.cookies.get(THEME_COOKIE)
        return {
            "caller": caller,
            "csrf_token": self._csrf.token(caller) if caller else "",
            "sections": navigation.sections_for(caller) if caller else (),
            "here": navigation.place_of(request.url.path),
            "theme": theme if theme in THEMES else "",
        }


ThePages: TypeAlias = NamedDependency[Pages]


def template_config(assets: Assets) -> TemplateConfig[JinjaTemplateEngine]:
    """The templates with what all of them use. A name that a page forgot to give is an error, not an empty place."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        enable_async=False,
    )
    environment.filters.update(FILTERS)
    environment.globals["asset"] = assets.url
    environment.globals["imports"] = assets.imports
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def is_fragment_wanted(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks for a piece of the page it is on, and not a browser for a page."""
    return request.headers.get("hx-request") == "true"
