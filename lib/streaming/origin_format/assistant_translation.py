"""One assistant of a file as a definition."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from lib.streaming.definition import MAX_FIELDS, MAX_PROMPTS, Definition
from lib.streaming.definition_check.limits import MAX_MAPPINGS, MAX_POSITION
from lib.streaming.definition_check.parse import parse_definition
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.problem_list import ProblemList
from lib.streaming.json_reading.wording import listed, shown
from lib.streaming.origin_format.field_translation import FIELD_MEMBERS, Ignore, native_field
from lib.streaming.origin_format.model_mapping import ModelMapping
from lib.streaming.origin_format.prompt_names import PromptNames, outlined
from lib.streaming.origin_format.prompt_translation import PROMPT_MEMBERS, native_prompt
from lib.streaming.origin_format.regrouping import regrouped
from lib.streaming.origin_format.result import ImportedAssistant
from lib.streaming.origin_format.translated_paths import in_the_words_of_the_file

_MEMBERS = ("name", "description", "timeout_seconds", "prompts", "input_fields")
_MEANINGLESS = ("status", "is_parallel", "image_path")
_MAX_GROUP = 2**53

#: Stands in for a model that was reported already.
_REPORTED_MODEL = "unmapped/unmapped"


class AssistantTranslation:
    """Turns one assistant into the definition format, has that checked, and tells problems in the file's words."""

    def __init__(self, raw: Mapping[str, object], path: str, models: ModelMapping) -> None:
        self._raw = raw
        self._path = path
        self._models = models
        self._problems = ProblemList()
        self._notes = ProblemList()
        self._choices: dict[str, str] = {}
        self._fields = _objects(raw.get("input_fields"), MAX_FIELDS)
        self._prompts = _objects(raw.get("prompts"), MAX_PROMPTS)
        self._positions = self._run_positions()
        outlines = {number: outlined(number, raw, self._positions[number]) for number, raw in self._prompts.items()}
        self._names = PromptNames(self._fields.values(), outlines)

    def result(self) -> ImportedAssistant:
        self._note_unknown(self._raw, self._path, (*_MEMBERS, *_MEANINGLESS))
        definition, problems = parse_definition(self._native())
        told = [in_the_words_of_the_file(problem, self._path, self._choices) for problem in problems]
        everything = (*self._problems.found, *told)
        return ImportedAssistant(
            path=self._path,
            name=shown(str(self._raw.get("name", ""))),
            definition=None if everything or definition is None else self._in_order(definition),
            problems=everything,
            notes=tuple(self._notes.found),
        )

    def _native(self) -> dict[str, object]:
        return {
            "name": self._raw.get("name"),
            "description": self._raw.get("description"),
            "timeoutSeconds": self._raw.get("timeout_seconds"),
            "fields": _with(
                self._raw.get("input_fields"),
                {number: self._field(number, raw) for number, raw in self._fields.items()},
            ),
            "prompts": _with(
                self._raw.get("prompts"), {number: self._prompt(number, raw) for number, raw in self._prompts.items()}
            ),
        }

    def _field(self, number: int, raw: Mapping[str, object]) -> object:
        path = f"{self._path}.input_fields[{number}]"
        self._note_unknown(raw, path, FIELD_MEMBERS)
        ObjectReader(raw, path, self._problems).whole("position", 0, MAX_POSITION)
        field, self._choices[f"fields[{number}]"] = native_field(raw, self._ignoring(path))
        return field

    def _prompt(self, number: int, raw: Mapping[str, object]) -> object:
        path = f"{self._path}.prompts[{number}]"
        self._note_unknown(raw, path, PROMPT_MEMBERS)
        mapping = self._mapping(number, raw.get("input_mapping"), path)
        return native_prompt(raw, self._model(raw.get("model_name"), path), self._positions[number], mapping)

    def _mapping(self, number: int, raw: object, path: str) -> object:
        if not isinstance(raw, dict) or len(raw) > MAX_MAPPINGS:
            return raw
        kept = self._names.kept(number, raw)
        for name in [name for name in raw if name not in kept]:
            place = f"{path}.input_mapping.{shown(name)}"
            if self._names.needs(number, name):
                message = (
                    f"'{shown(name)}' leads into the system the file came from, and nothing here has this name. "
                    "Map it to an input (input.<name>) or to the name of an earlier prompt."
                )
                self._problems.add(place, ProblemCode.MAPPING_DROPPED, message)
            else:
                self._notes.add(place, ProblemCode.IGNORED, "Left out. It leads into the system the file came from.")
        return kept

    def _model(self, name: object, path: str) -> object:
        if not isinstance(name, str) or not name.strip():
            return name
        found = self._models.find(name)
        if found is None:
            message = (
                f"No model here stands for '{shown(name)}'. Say which one to use, or configure its provider "
                f"(configured: {listed(self._models.catalogue.models) or 'none'})."
            )
            self._problems.add(f"{path}.model_name", ProblemCode.UNMAPPED_MODEL, message)
        elif found.partition("/")[2] != name.rpartition("/")[2]:
            message = f"'{shown(name)}' is not available here; this prompt runs on '{shown(found)}'."
            self._notes.add(f"{path}.model_name", ProblemCode.MODEL_REPLACED, message)
        return found or _REPORTED_MODEL

    def _run_positions(self) -> dict[int, int]:
        """Where each prompt runs, once those that share a group are together."""
        readers = [
            ObjectReader(raw, f"{self._path}.prompts[{number}]", self._problems)
            for number, raw in self._prompts.items()
        ]
        sent = [reader.whole("position", 0, MAX_POSITION, required=True) or 0 for reader in readers]
        groups = [reader.whole("parallel_group", -_MAX_GROUP, _MAX_GROUP) for reader in readers]
        positions = regrouped(sent, groups)
        for reader, before, after in zip(readers, sent, positions, strict=True):
            if before != after:
                message = f"It runs at position {after}, together with the prompts of its parallel_group."
                self._notes.add(reader.below("position"), ProblemCode.MOVED, message)
        return dict(zip(self._prompts, positions, strict=True))

    def _in_order(self, definition: Definition) -> Definition:
        """Fields as their positions say, those without one at the place where they stand."""
        places = [_place(field.get("position"), number) for number, field in self._fields.items()]
        ordered = sorted(zip(places, definition.fields, strict=True), key=lambda placed: placed[0])
        return msgspec.structs.replace(definition, fields=tuple(field for _, field in ordered))

    def _ignoring(self, path: str) -> Ignore:
        def ignore(member: str, reason: str) -> None:
            self._notes.add(f"{path}.{shown(member)}", ProblemCode.IGNORED, f"Left out. {reason}")

        return ignore

    def _note_unknown(self, raw: Mapping[str, object], path: str, known: Collection[str]) -> None:
        for member in raw:
            if member not in known:
                self._ignoring(path)(member, "Nothing here has this name.")


def _place(position: object, number: int) -> float:
    return position if isinstance(position, (int, float)) else number


def _objects(items: object, most: int) -> dict[int, Mapping[str, object]]:
    """The objects of what may be a list of them, by their number; those past `most` are not read."""
    some = items[:most] if isinstance(items, list) else []
    return {number: item for number, item in enumerate(some) if isinstance(item, dict)}


def _with(items: object, translated: Mapping[int, object]) -> object:
    """A list with some items replaced; anything else as it is."""
    if not isinstance(items, list):
        return items
    return [translated.get(number, item) for number, item in enumerate(items)]
