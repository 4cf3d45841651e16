"""Prompts of a file as prompts of a definition. What has the wrong shape goes through and is reported later."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from lib.streaming.origin_format.field_translation import Ignore

PROMPT_MEMBERS: Final = (
    "name",
    "content",
    "system_context",
    "model_name",
    "position",
    "parallel_group",
    "input_mapping",
    "timeout_seconds",
)
_INPUT = re.compile(r"input\.([0-9a-z_]+)")


def native_prompt(raw: Mapping[str, object], model: object, position: int | None) -> dict[str, object]:
    """A prompt of a definition, but for its input mapping."""
    timeout = raw.get("timeout_seconds")
    return {
        "name": raw.get("name"),
        "content": raw.get("content"),
        "system": raw.get("system_context"),
        "model": model,
        "position": position,
        "timeouts": None if timeout is None else {"total": timeout},
    }


def kept_mapping(raw: object, field_names: Collection[object], ignore: Ignore) -> object:
    """The mappings to input fields, which mean the same everywhere."""
    if not isinstance(raw, dict):
        return raw
    kept: dict[str, object] = {}
    for name, source in raw.items():
        field = _INPUT.fullmatch(source) if isinstance(source, str) else None
        if field is None or field[1] not in field_names:
            ignore(f"input_mapping.{name}", "It points into the system the file came from.")
        elif field[1] != name:
            kept[name] = source
    return kept
