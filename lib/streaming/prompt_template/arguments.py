"""Whether a filter or test is given arguments it can take, before anything is evaluated."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeAlias

from jinja2 import nodes

Call: TypeAlias = nodes.Filter | nodes.Test


def misuse(function: Callable[..., object], call: Call) -> str | None:
    """The arguments the function takes, as `(width=4)`, if it does not take those of the call; else None."""
    signature = inspect.signature(function)
    # A filter is given the value and the work allowance before the author's arguments; a test the value alone.
    given = 2 if isinstance(call, nodes.Filter) else 1
    names = [keyword.key for keyword in keywords_of(call)]
    try:
        signature.bind(*[None] * (given + len(call.args)), **dict.fromkeys(names))
        fits = len(names) == len(set(names)) and not call.dyn_args and not call.dyn_kwargs
    except TypeError:
        fits = False
    own = list(signature.parameters.values())[given:]
    return None if fits else f"({', '.join(_described(parameter) for parameter in own)})"


def keywords_of(call: Call) -> list[nodes.Keyword]:
    # The parser's declared type says pairs, yet it only ever puts keywords here.
    arguments: list[nodes.Node] = [*call.kwargs]
    return [argument for argument in arguments if isinstance(argument, nodes.Keyword)]


def _described(parameter: inspect.Parameter) -> str:
    default = parameter.default
    return parameter.name if default is inspect.Parameter.empty else f"{parameter.name}={default!r}"
