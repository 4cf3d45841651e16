"""docs/proof.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
GUIDE = TESTS.parent / "docs" / "proof.md"
NAMED = re.compile(r"`((?:unit|integration|support)/[\w/]+\.py)::(test_\w+)`")


def test_every_test_the_guide_names_is_there() -> None:
    named = NAMED.findall(GUIDE.read_text())
    assert len(named) > 80
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in _source(TESTS / file)]
    assert missing == []


def _source(file: Path) -> str:
    return file.read_text() if file.is_file() else ""
