"""What one event of an upstream's stream says."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from lib.streaming.types import Usage


class ChunkType(StrEnum):
    DATA = "data"
    DONE = "done"
    MALFORMED = "malformed"
    EMPTY = "empty"


class Chunk(msgspec.Struct, frozen=True):
    """One event, reduced to what matters.

    `finish` is the provider's own word. `lost` marks a malformed chunk that may have held text.
    `halves`: the text may hold halves of surrogate pairs. `refused`: the text is a refusal.
    """

    type: ChunkType
    text: str = ""
    reasoning: str = ""
    finish: str | None = None
    usage: Usage | None = None
    lost: bool = False
    halves: bool = False
    refused: bool = False


DONE = Chunk(ChunkType.DONE)
EMPTY = Chunk(ChunkType.EMPTY)
NOISE = Chunk(ChunkType.MALFORMED)
BROKEN = Chunk(ChunkType.MALFORMED, lost=True)
