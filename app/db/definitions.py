"""Definitions of immutable versions, decoded once and kept for the next execution."""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec
from sqlalchemy import Connection, select

from app.db.tables import assistant_versions
from lib.streaming.definition import Definition
from lib.streaming.types import PromptId, VersionId

CAPACITY = 128

_decoder = msgspec.json.Decoder(Definition)


class PinnedVersion(msgspec.Struct, frozen=True):
    """What an execution needs of its version."""

    number: int
    definition: Definition

    @property
    def prompt_ids(self) -> tuple[PromptId, ...]:
        """In the order that numbers prompts in stored deltas."""
        return tuple(prompt.id for prompt in self.definition.prompts)


class DefinitionCache:
    """The versions used last. Safe to use from several threads."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._versions: OrderedDict[VersionId, PinnedVersion] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: Connection, version_id: VersionId) -> PinnedVersion:
        """The version; it exists, since whatever names it holds a foreign key to it."""
        with self._lock:
            if known := self._versions.get(version_id):
                self._versions.move_to_end(version_id)
                return known
        version = _load(connection, version_id)
        with self._lock:
            self._versions[version_id] = version
            if len(self._versions) > self._capacity:
                self._versions.popitem(last=False)
        return version


def _load(connection: Connection, version_id: VersionId) -> PinnedVersion:
    columns = assistant_versions.c
    row = connection.execute(select(columns.number, columns.definition).where(columns.id == version_id)).one()
    return PinnedVersion(row.number, decode_definition(row.definition))


def decode_definition(data: bytes) -> Definition:
    return _decoder.decode(data)


def encode_definition(definition: Definition) -> bytes:
    return msgspec.json.encode(definition)
