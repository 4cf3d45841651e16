"""What somebody wants a new API key to be."""

from __future__ import annotations

from datetime import datetime

import msgspec

from app.api.moment import milliseconds
from app.api.request_body import finished, object_in
from app.http.principal import Principal, Scope
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.json_reading.wording import listed, shown

MAX_NAME = 100
_MAX_MOMENT = 64


class KeyRequest(msgspec.Struct, frozen=True):
    name: str
    scopes: frozenset[Scope]
    expires_ms: int | None


def read_key(body: bytes, caller: Principal, now_ms: int) -> KeyRequest:
    """A key gets at most the scopes its maker's own credential has. Raises `ApiError` with every problem."""
    reader = object_in(body)
    request = KeyRequest(
        name=reader.text("name", MAX_NAME, required=True).strip(),
        scopes=_scopes(reader, caller),
        expires_ms=_expires(reader, now_ms),
    )
    finished(reader)
    return request


def _scopes(reader: ObjectReader, caller: Principal) -> frozenset[Scope]:
    if not reader.has("scopes"):
        reader.value("scopes")
        return caller.scopes
    wanted = reader.texts("scopes", len(Scope), MAX_NAME)
    for index, scope in enumerate(wanted):
        if scope not in caller.scopes:
            message = f"'{shown(scope)}' cannot be given. You can give: {listed(sorted(caller.scopes))}."
            reader.problem(f"scopes[{index}]", ProblemCode.NOT_ALLOWED, message)
    return frozenset(scope for scope in caller.scopes if scope.value in wanted)


def _expires(reader: ObjectReader, now_ms: int) -> int | None:
    text = reader.text("expiresAt", _MAX_MOMENT)
    if not reader.has("expiresAt"):
        return None
    try:
        at = milliseconds(datetime.fromisoformat(text))
    except ValueError:
        message = "'expiresAt' must be a time such as 2027-01-31T00:00:00Z."
        reader.problem("expiresAt", ProblemCode.WRONG_TYPE, message)
        return None
    if at <= now_ms:
        reader.problem("expiresAt", ProblemCode.OUT_OF_RANGE, "'expiresAt' must lie in the future.")
    return at
