"""What can be wrong with data somebody sent, as stable codes."""

from __future__ import annotations

from enum import StrEnum


class ProblemCode(StrEnum):
    """Codes of problems in definitions, inputs and imported files. Templates have their own (`template_…`)."""

    WRONG_TYPE = "wrong_type"
    MISSING = "missing"
    UNKNOWN_KEY = "unknown_key"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    TOO_MANY = "too_many"
    TOO_FEW = "too_few"
    OUT_OF_RANGE = "out_of_range"
    INVALID_TEXT = "invalid_text"
    INVALID_NAME = "invalid_name"
    INVALID_CHOICE = "invalid_choice"
    INVALID_MODEL = "invalid_model"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_PROVIDER = "unknown_provider"
    DUPLICATE = "duplicate"
    CONTRADICTION = "contradiction"
    NOT_ALLOWED = "not_allowed"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_VERSION = "unsupported_version"
    UNMAPPED_MODEL = "unmapped_model"
    MAPPING_DROPPED = "mapping_dropped"
    IGNORED = "ignored"
    MOVED = "moved"
    MODEL_REPLACED = "model_replaced"
    NOT_EXPORTED = "not_exported"
