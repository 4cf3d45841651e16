"""The language: which parts of Jinja2's syntax a template may use. Everything not named here is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from jinja2 import nodes

from lib.streaming.prompt_template.arguments import Call, misuse
from lib.streaming.prompt_template.dollar_syntax import author_name
from lib.streaming.prompt_template.filters import FILTERS
from lib.streaming.prompt_template.frame import LOOP_FACTS
from lib.streaming.prompt_template.limits import (
    MAX_DEPTH,
    MAX_LOOP_DEPTH,
    MAX_NODES,
    MAX_PLACEHOLDERS,
    MAX_PROBLEMS,
)
from lib.streaming.prompt_template.predicates import PREDICATES
from lib.streaming.prompt_template.problems import TemplateCode, TemplateProblem, shown

_PLAIN = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not,
    nodes.Compare, nodes.Operand, nodes.Concat, nodes.List, nodes.Tuple, nodes.Keyword,
)  # fmt: skip
_LITERALS = (str, int, float, bool, type(None))
_ADVICE: dict[type[nodes.Node], str] = {
    nodes.Call: "calls are not available; look for a filter, as in {{ name | upper }}",
    nodes.BinExpr: "arithmetic is not available; text is joined with ~",
    nodes.UnaryExpr: "a sign is allowed only before a number",
    nodes.Slice: "slices are not available; use the truncate filter",
    nodes.Dict: "objects cannot be written here; put literal braces between {% raw %} and {% endraw %}",
}


class _Place(NamedTuple):
    """A node and where it stands: nodes above it, loops around it, names those loops bind."""

    node: nodes.Node
    depth: int
    loops: int
    bound: frozenset[str]


class Inspection:
    """What one walk over a tree found: problems, and the line each outside name is first used on."""

    def __init__(self, tree: nodes.Template) -> None:
        self.problems: list[TemplateProblem] = []
        self.names: dict[str, int] = {}
        self._placeholders = 0
        self._walk(tree)
        if self._placeholders > MAX_PLACEHOLDERS:
            message = f"The template has {self._placeholders} placeholders; {MAX_PLACEHOLDERS} are allowed in a prompt."
            self.problems.append(TemplateProblem(TemplateCode.TOO_MANY_PLACEHOLDERS, message))

    def _walk(self, tree: nodes.Template) -> None:
        # A stack of our own: the parser builds chains far deeper than Python's recursion goes.
        places = [_Place(tree, 0, 0, frozenset())]
        visited = 0
        while places:
            place = places.pop()
            visited += 1
            if visited > MAX_NODES or place.depth > MAX_DEPTH:
                self.problems = [_too_complex(place.node)]
                return
            places.extend(reversed(list(self._visit(place))))

    def _visit(self, place: _Place) -> Iterator[_Place]:
        node = place.node
        match node:
            case nodes.For():
                yield from self._loop(node, place)
            case nodes.Getattr(node=nodes.Name(name="loop")) if place.loops:
                self._loop_fact(node)
            case nodes.Stmt() if not isinstance(node, _PLAIN):
                self._forbid(node, _advice(node))
            case _:
                self._check(node, place)
                for child in node.iter_child_nodes():
                    yield place._replace(node=child, depth=place.depth + 1)

    def _check(self, node: nodes.Node, place: _Place) -> None:
        match node:
            case nodes.Name():
                self._name(node, place)
            case nodes.Const():
                self._literal(node)
            case nodes.Getattr() | nodes.Getitem():
                self._part(node)
            case nodes.Filter():
                self._call(node, "filter", FILTERS)
            case nodes.Test():
                self._call(node, "test", PREDICATES)
            case nodes.Output():
                self._placeholders += sum(not isinstance(part, nodes.TemplateData) for part in node.nodes)
            case nodes.Neg(node=nodes.Const(value=int() | float())):
                pass
            case _:
                if not isinstance(node, _PLAIN):
                    self._forbid(node, _advice(node))

    def _name(self, node: nodes.Name, place: _Place) -> None:
        name = author_name(node.name)
        if name not in place.bound:
            self.names.setdefault(name, node.lineno)

    def _literal(self, node: nodes.Const) -> None:
        if not isinstance(node.value, _LITERALS) or (isinstance(node.value, float) and not math.isfinite(node.value)):
            self._forbid(node, "this is no text, number, true, false or none")

    def _loop(self, node: nodes.For, place: _Place) -> Iterator[_Place]:
        targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
        names = [author_name(target.name) for target in targets if isinstance(target, nodes.Name)]
        if len(names) != len(targets) or "loop" in names:
            self._forbid(node, "a loop binds plain names other than 'loop', as in {% for item in items %}")
        if node.recursive:
            self._forbid(node, "recursive loops are not available")
        if place.loops >= MAX_LOOP_DEPTH:
            message = f"Loops may stand inside each other {MAX_LOOP_DEPTH} deep."
            self._add(TemplateCode.TOO_COMPLEX, message, node)
        outside = place._replace(depth=place.depth + 1)
        inside = outside._replace(loops=place.loops + 1, bound=place.bound.union(names))
        yield outside._replace(node=node.iter)
        for child in ([node.test] if node.test else []) + node.body:
            yield inside._replace(node=child)
        for child in node.else_:
            yield outside._replace(node=child)

    def _loop_fact(self, node: nodes.Getattr) -> None:
        name = author_name(node.attr)
        if name not in LOOP_FACTS:
            self._forbid(node, f"loop.{shown(name)} is not available; there are {', '.join(LOOP_FACTS)}", name)

    def _part(self, node: nodes.Getattr | nodes.Getitem) -> None:
        match node:
            case nodes.Getattr(attr=attribute):
                name = author_name(attribute)
            case nodes.Getitem(arg=nodes.Const(value=str(key))):
                name = key
            case _:
                return
        if name.startswith("_"):
            self._forbid(node, f"'{shown(name)}' is refused: a name that starts with _ is no part of a value", name)

    def _call(self, node: Call, kind: str, table: Mapping[str, Callable[..., object]]) -> None:
        name = author_name(node.name)
        if name not in table:
            self._forbid(node, f"there is no {kind} '{shown(name)}'; there are {', '.join(sorted(table))}", name)
        elif usage := misuse(table[name], node):
            self._add(TemplateCode.WRONG_ARGUMENTS, f"The {kind} '{name}' takes other arguments: {usage}.", node, name)

    def _forbid(self, node: nodes.Node, reason: str, name: str | None = None) -> None:
        self._add(TemplateCode.FORBIDDEN, f"This is not part of the template language: {reason}.", node, name)

    def _add(self, code: TemplateCode, message: str, node: nodes.Node, name: str | None = None) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(TemplateProblem(code, message, node.lineno, name))


def _advice(node: nodes.Node) -> str:
    for kind, advice in _ADVICE.items():
        if isinstance(node, kind):
            return advice
    return f"'{type(node).__name__.lower()}' is not available; only if, for, raw and {{{{ values }}}} are"


def _too_complex(node: nodes.Node) -> TemplateProblem:
    message = (
        f"The template's logic has more than {MAX_NODES} parts or is more than {MAX_DEPTH} levels deep: "
        "use several prompts, or less logic."
    )
    return TemplateProblem(TemplateCode.TOO_COMPLEX, message, node.lineno)
