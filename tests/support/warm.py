"""What each application of a process would work out anew, worked out once: tests build hundreds of them."""

from __future__ import annotations

from functools import cache

from app.api.routes import ROUTES
from app.web.routes import PAGES


@cache
def read_signatures() -> None:
    """Let the handlers read their signatures; applications take copies, with what was read."""
    for handler in (*ROUTES, *PAGES):
        assert handler.parsed_fn_signature is not None
