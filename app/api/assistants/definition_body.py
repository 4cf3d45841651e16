"""A definition as a request brings it: checked against the format and against the models there are."""

from __future__ import annotations

import asyncio

from app.api.request_body import decoded, invalid
from lib.streaming.definition import Definition
from lib.streaming.definition_check.models import check_models
from lib.streaming.definition_check.parse import parse_definition, with_ids
from lib.streaming.ids import IdFactory
from lib.streaming.model_catalogue import ModelCatalogue


class DefinitionReader:
    def __init__(self, catalogue: ModelCatalogue, new_id: IdFactory) -> None:
        self._catalogue = catalogue
        self._new_id = new_id

    async def read(self, body: bytes) -> Definition:
        """The definition in a body, every prompt with an id. Raises `ApiError` with every problem."""
        # Twenty templates that are wrong in every line take a second to explain: others are served meanwhile.
        return await self.read_decoded(await asyncio.to_thread(decoded, body))

    async def read_decoded(self, data: object) -> Definition:
        """As `read`, for a definition that is a part of a body."""
        return with_ids(await asyncio.to_thread(self._checked, data), self._new_id)

    def _checked(self, data: object) -> Definition:
        definition, problems = parse_definition(data)
        if definition is not None:
            problems = check_models(definition, self._catalogue)
        if definition is None or problems:
            raise invalid("invalid_definition", "The definition cannot be used: it has problems.", problems)
        return definition
