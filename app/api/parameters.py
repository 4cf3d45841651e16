"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter, QueryParameter

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=100, description="How many items at most.")]
Cursor: TypeAlias = Annotated[str | None, QueryParameter(description="`nextCursor` of the stretch before.")]

DEFAULT_LIMIT = 20

Protocol: TypeAlias = Annotated[str, QueryParameter(description="The wire; only `native` is spoken here.")]
IfMatch: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description='The version that the change builds on, as its `ETag`: `"3"`. Absent, the change is taken in any case.',
    ),
]
IdempotencyKey: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="At most 255 characters. The same key with the same body attaches to the same execution.",
    ),
]
