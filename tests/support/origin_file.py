"""A file as another system writes it, with its awkward corners, and models that fit most of it."""

from __future__ import annotations

from pathlib import Path

from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.origin_format.model_mapping import ModelMapping

SAMPLE = Path(__file__).with_name("assistants-export.json").read_bytes()
MODELS = ModelMapping(
    ModelCatalogue({"openai": (), "anthropic": ("claude-sonnet-5",), "gemini": (), "local": ("smollm2",)}),
    stand_ins={"anthropic": "claude-sonnet-5"},
)
