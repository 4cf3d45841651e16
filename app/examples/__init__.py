"""Example assistants in the definition format, written for the small bundled model: short, concrete, nothing to chance."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from lib.streaming.definition import Definition
from lib.streaming.definition_check.parse import parse_definition

#: In the order in which they are read best.
EXAMPLES = ("explain-simply", "article-in-three-steps", "two-sides", "rewrite-a-message")


def load_examples() -> list[Definition]:
    """The examples with the ids their prompts always have; a file's name is the slug of its assistant's name."""
    return [_load(name) for name in EXAMPLES]


def _load(name: str) -> Definition:
    data = msgspec.json.decode((files(__name__) / f"{name}.json").read_bytes())
    definition, problems = parse_definition(data)
    if definition is None:
        raise ValueError(f"example {name}: {problems}")
    return definition
