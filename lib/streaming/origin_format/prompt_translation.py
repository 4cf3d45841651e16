"""Prompts of a file as prompts of a definition. What has the wrong shape goes through and is reported later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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


def native_prompt(raw: Mapping[str, object], model: object, position: int, mapping: object) -> dict[str, object]:
    """A prompt of a definition, of which model, position and mapping are found elsewhere."""
    timeout = raw.get("timeout_seconds")
    return {
        "name": raw.get("name"),
        "content": raw.get("content"),
        "system": raw.get("system_context"),
        "model": model,
        "position": position,
        "inputMapping": mapping,
        "timeouts": None if timeout is None else {"total": timeout},
    }
