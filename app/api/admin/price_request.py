"""What an administrator says a model costs."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isfinite

import msgspec

from app.api.request_body import finished, object_in
from lib.streaming.json_reading.object_reader import ObjectReader
from lib.streaming.json_reading.problem_code import ProblemCode
from lib.streaming.model_catalogue import ModelCatalogue
from lib.streaming.pricing import NANO, Price, nano_dollars

MAX_MODEL = 200
#: Longer is no price, and Decimal reads more than people write.
_AMOUNT = re.compile(r"(?=.{1,24}$)(\d+\.?\d*|\.\d+)", re.ASCII)
#: US dollars for a million tokens: a thousand times what the dearest models ask for.
MAX_PRICE = 1_000_000


class PriceBody(msgspec.Struct, rename="camel"):
    """`model`: as a definition names it. US dollars for a million tokens as decimal text or numbers, with nine places at
    most. Without `cachedInput` cached tokens cost what others do.
    """

    model: str
    input: str | float
    output: str | float
    cached_input: str | float | None = None


def read_price(body: bytes, catalogue: ModelCatalogue) -> tuple[str, Price]:
    """Raises `ApiError` with every problem."""
    reader = object_in(body)
    model = _model(reader, catalogue)
    given = _amount(reader, "input", required=True)
    cached = _amount(reader, "cachedInput")
    generated = _amount(reader, "output", required=True)
    finished(reader)
    assert given is not None
    assert generated is not None
    return model, Price(given, generated, cached)


def _model(reader: ObjectReader, catalogue: ModelCatalogue) -> str:
    model = reader.text("model", MAX_MODEL, required=True).strip()
    if model and not catalogue.offers(model):
        known = ", ".join(catalogue.models)
        message = f"There is no model '{model[:64]}' here. Write <provider>/<model id>; providers: {known}."
        reader.problem("model", ProblemCode.UNKNOWN_MODEL, message)
    return model


def _amount(reader: ObjectReader, key: str, *, required: bool = False) -> int | None:
    """Nano-dollars; None where it is absent or wrong."""
    value = reader.value(key)
    if value is None or value == "":
        if required:
            reader.problem(key, ProblemCode.MISSING, f"'{key}' is missing. Write 0 if it costs nothing.")
        return None
    amount = _decimal(value)
    if amount is None:
        reader.problem(key, ProblemCode.WRONG_TYPE, f"'{key}' must be an amount of dollars such as 2.50.")
    elif not 0 <= amount <= MAX_PRICE:
        reader.problem(key, ProblemCode.OUT_OF_RANGE, f"'{key}' must be from 0 to {MAX_PRICE} dollars.")
    else:
        return _nano(reader, key, amount)
    return None


def _nano(reader: ObjectReader, key: str, amount: Decimal) -> int | None:
    try:
        return nano_dollars(amount)
    except ValueError:
        reader.problem(key, ProblemCode.OUT_OF_RANGE, f"'{key}' has more than nine places; 1 / {NANO} is the smallest.")
        return None


def _decimal(value: object) -> Decimal | None:
    """Of text as people write amounts, or of a number; true and false are none."""
    match value:
        case str() if _AMOUNT.fullmatch(value.strip()):
            return Decimal(value.strip())
        case bool():
            return None
        case int() | float() if isfinite(value):
            return Decimal(repr(value))
        case _:
            return None
