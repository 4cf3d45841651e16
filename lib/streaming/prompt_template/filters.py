"""The filters a template may use. None can make a text its value and arguments do not pay for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lib.streaming.prompt_template import list_filters, text_filters
from lib.streaming.types import Value

FILTERS: Final[Mapping[str, Callable[..., Value]]] = MappingProxyType(
    {
        "capitalize": text_filters.capitalize,
        "count": list_filters.length,
        "d": list_filters.default,
        "default": list_filters.default,
        "first": list_filters.first,
        "float": list_filters.floating,
        "indent": text_filters.indent,
        "int": list_filters.integer,
        "items": list_filters.items,
        "join": list_filters.join,
        "last": list_filters.last,
        "length": list_filters.length,
        "lower": text_filters.lower,
        "reverse": list_filters.reverse,
        "round": list_filters.rounded,
        "sort": list_filters.sort,
        "title": text_filters.title,
        "tojson": text_filters.tojson,
        "trim": text_filters.trim,
        "truncate": text_filters.truncate,
        "unique": list_filters.unique,
        "upper": text_filters.upper,
        "wordcount": text_filters.wordcount,
    }
)
