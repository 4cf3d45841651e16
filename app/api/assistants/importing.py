"""What becomes of a file of assistants: those that can be taken are stored, the others are explained."""

from __future__ import annotations

import asyncio

import msgspec

from app.api.request_body import invalid
from app.db.assistants import AssistantRepository
from app.db.records import AssistantStatus
from lib.streaming.definition import DefinitionProblem
from lib.streaming.definition_check.parse import with_ids
from lib.streaming.ids import IdFactory
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.origin_format.importing import import_assistants
from lib.streaming.origin_format.model_mapping import ALL_OTHERS, ModelMapping
from lib.streaming.origin_format.result import ImportedAssistant
from lib.streaming.types import AssistantId, PrincipalId


class Taken(msgspec.Struct, frozen=True):
    """`notes`: what was left out or changed."""

    path: str
    name: str
    id: AssistantId
    slug: str
    notes: tuple[DefinitionProblem, ...]


class Refused(msgspec.Struct, frozen=True):
    path: str
    name: str
    errors: tuple[DefinitionProblem, ...]


class ImportAnswer(msgspec.Struct, frozen=True):
    imported: tuple[Taken, ...]
    refused: tuple[Refused, ...]


class Importer:
    def __init__(self, assistants: AssistantRepository, catalogue: ModelCatalogue, new_id: IdFactory) -> None:
        self._assistants = assistants
        self._catalogue = catalogue
        self._new_id = new_id

    async def run(self, owner: PrincipalId, file: bytes, model: str | None = None) -> ImportAnswer:
        """Store what a file holds, waiting for approval. `model` stands in for every one that is not found.

        Raises `ApiError(invalid_definition)` with every problem if nothing can be taken.
        """
        mapping = ModelMapping(self._catalogue, {ALL_OTHERS: model} if model else {})
        found = await asyncio.to_thread(import_assistants, file, mapping)
        refused = tuple(_refused(one) for one in found.assistants if one.definition is None)
        if len(refused) == len(found.assistants):
            problems = [*found.problems, *(problem for one in refused for problem in one.errors)]
            raise invalid("invalid_definition", "Nothing in the file can be imported.", problems)
        taken = [await self._take(owner, one) for one in found.assistants if one.definition is not None]
        return ImportAnswer(tuple(taken), refused)

    async def _take(self, owner: PrincipalId, found: ImportedAssistant) -> Taken:
        assert found.definition is not None
        definition = with_ids(found.definition, self._new_id)
        stored = await self._assistants.create(owner, definition, AssistantStatus.PENDING_APPROVAL)
        return Taken(found.path, found.name, stored.id, stored.slug, found.notes)


def _refused(found: ImportedAssistant) -> Refused:
    return Refused(found.path, found.name, found.problems)
