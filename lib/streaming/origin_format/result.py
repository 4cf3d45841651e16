"""What came of a file."""

from __future__ import annotations

import msgspec

from lib.streaming.definition import Definition, DefinitionProblem


class ImportedAssistant(msgspec.Struct, frozen=True):
    """One assistant of a file: a definition whose prompts have no ids yet, or every reason why there is none.

    `path` is its place (`assistants[1]`), `name` what the file calls it. `notes` tell what was left out or changed.
    """

    path: str
    name: str
    definition: Definition | None
    problems: tuple[DefinitionProblem, ...] = ()
    notes: tuple[DefinitionProblem, ...] = ()


class OriginImport(msgspec.Struct, frozen=True):
    """All assistants of a file in its order; `problems` are those of the file itself, and then there are none."""

    assistants: tuple[ImportedAssistant, ...] = ()
    problems: tuple[DefinitionProblem, ...] = ()
