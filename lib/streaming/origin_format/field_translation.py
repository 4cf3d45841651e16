"""Input fields of a file as fields of a definition. What has the wrong shape goes through and is reported later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lib.streaming.definition import FieldType
from lib.streaming.definition_check.fields import FIELD_OPTIONS

#: Types of the old editors; the definition format has no number or date, they are typed in as text.
_ALIASES = {
    "textarea": "long_text",
    "multiselect": "multi_select",
    **dict.fromkeys(("text", "string", "number", "email", "url", "date"), "short_text"),
}
FIELD_MEMBERS: Final = ("name", "label", "field_type", "position", "options")

#: Told a member that is left out, and why.
Ignore = Callable[[str, str], None]


def native_field(raw: Mapping[str, object], ignore: Ignore) -> tuple[dict[str, object], str]:
    """A field of a definition, and where in the file its choices are."""
    sent_type = raw.get("field_type")
    kind = _ALIASES.get(sent_type, sent_type) if isinstance(sent_type, str) else sent_type
    options, where = _native_options(raw.get("options"), kind, ignore)
    required = options.pop("required", None) if isinstance(options, dict) else None
    field = {"name": raw.get("name"), "label": raw.get("label"), "type": kind, "required": required}
    return {**field, "options": options}, where


def _native_options(raw: object, kind: object, ignore: Ignore) -> tuple[object, str]:
    if raw in (None, "", []):
        return {}, "options"
    if isinstance(raw, list):
        return _fitting({"choices": _native_choices(raw)}, kind, "options", ignore), "options"
    if not isinstance(raw, dict):
        return raw, "options.choices"
    options = {key: value for key, value in raw.items() if value not in (None, "", [])}
    values, where = options.pop("values", None), "options.choices"
    if values is not None and "choices" not in options:
        options["choices"], where = values, "options.values"
    if isinstance(options.get("choices"), list):
        options["choices"] = _native_choices(options["choices"])
    return _fitting(options, kind, where, ignore), where


def _native_choices(items: list[object]) -> list[object]:
    return [_native_choice(item) for item in items]


def _native_choice(item: object) -> object:
    if isinstance(item, str):
        return {"value": item}
    if isinstance(item, dict):
        return {key: item.get(key) for key in ("value", "label")}
    return item


def _fitting(options: dict[str, object], kind: object, where: str, ignore: Ignore) -> dict[str, object]:
    """The options this type of field has here; a type nobody knows is reported by itself."""
    if kind not in [known.value for known in FieldType]:
        return {}
    allowed = ("required", *FIELD_OPTIONS[FieldType(str(kind))])
    for key in options:
        if key not in allowed:
            ignore(where if key == "choices" else f"options.{key}", f"A {kind} field has no such option here.")
    return {key: value for key, value in options.items() if key in allowed}
