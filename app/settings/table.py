"""The settings as a Markdown table: `python -m app.settings.table` prints what docs/operations.md holds."""

from __future__ import annotations

import sys

from pydantic.fields import FieldInfo

from app.settings.loading import right_form, variables
from app.settings.model import DATABASE_FILE, PREFIX, Settings


def settings_table() -> str:
    """One row a setting, in the order of the model."""
    names = variables(Settings.model_fields, PREFIX)
    rows = [_row(names[name], field) for name, field in Settings.model_fields.items()]
    return "\n".join(("| variable | value | default | effect |", "|---|---|---|---|", *rows)) + "\n"


def _row(variable: str, field: FieldInfo) -> str:
    return f"| `{variable}` | {right_form(field)} | {_default(field)} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return f"`{DATABASE_FILE}` in `{PREFIX}DATA_DIR`"
    match field.default:
        case None:
            return "none"
        case bool():
            return "`on`" if field.default else "`off`"
        case float():
            return f"`{field.default:g}`"
        case _:
            return f"`{field.default}`"


if __name__ == "__main__":
    sys.stdout.write(settings_table())
