"""Which place of the side an address belongs to."""

from __future__ import annotations

import pytest

from app.web.navigation import place_of


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "/"),
        ("/absent", "/"),
        ("/runs", "/runs"),
        ("/runs/01a2", "/runs"),
        ("/runsomething", "/"),
        ("/assistants", "/assistants"),
        ("/assistants/new", "/assistants"),
        ("/assistants/explain/versions", "/assistants"),
        ("/assistants/explain/run", "/"),
        ("/admin", "/admin"),
        ("/admin/executions/01a2", "/admin/executions"),
    ],
)
def test_an_address_belongs_to_the_longest_place_it_begins_with_and_a_form_to_the_gallery(
    path: str, place: str
) -> None:
    assert place_of(path) == place
