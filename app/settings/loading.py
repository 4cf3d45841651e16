"""From environment variables to the fields of the model, with every problem found on the way."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import get_args

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.settings.forms import Form
from app.settings.masking import masked
from app.settings.problems import SettingProblem

Fields = Mapping[str, FieldInfo]


def variables(fields: Fields, prefix: str) -> dict[str, str]:
    """Environment variable of each field."""
    return {name: field.validation_alias or f"{prefix}{name.upper()}" for name, field in fields.items()}  # type: ignore[misc]


def given(names: Mapping[str, str], fields: Fields, environ: Mapping[str, str]) -> dict[str, str]:
    """What the environment says, by the key the model takes. An empty variable counts as absent."""
    return {
        str(fields[name].validation_alias or name): environ[variable]
        for name, variable in names.items()
        if environ.get(variable)
    }


def unknown(names: Mapping[str, str], prefix: str, environ: Mapping[str, str]) -> Iterator[SettingProblem]:
    """Variables under our prefix that nobody reads: most likely misspelt. Their values are never shown."""
    for variable in sorted(environ.keys() - names.values()):
        if variable.startswith(prefix):
            close = difflib.get_close_matches(variable, names.values(), n=1)
            right = f"did you mean {close[0]}?" if close else "docs/operations.md lists the settings"
            yield SettingProblem(variable, None, "there is no such setting", right)


def refused(
    errors: list[ErrorDetails], names: Mapping[str, str], fields: Fields, environ: Mapping[str, str]
) -> Iterator[SettingProblem]:
    """What the model refused, in the words of whoever set it."""
    by_key = {str(fields[name].validation_alias or name): name for name in names}
    for error in errors:
        name = by_key[str(error["loc"][0])]
        if error["type"] == "default_factory_not_called":
            continue
        variable = names[name]
        shown = masked(fields[name], environ.get(variable))
        yield SettingProblem(variable, shown, _wrong(error), f"right: {right_form(fields[name])}")


def right_form(field: FieldInfo) -> str:
    """What a right value looks like. A field without a `Form` is a mistake in the model."""
    return next(_forms((field.annotation, *field.metadata)))


def _forms(parts: tuple[object, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Form):
            yield part.right
        yield from _forms((*get_args(part), *getattr(part, "__metadata__", ())))


def _wrong(error: ErrorDetails) -> str:
    reason = error.get("ctx", {}).get("error")
    if reason is not None:
        return str(reason)
    message = error["msg"]
    return message[:1].lower() + message[1:]
