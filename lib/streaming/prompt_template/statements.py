"""Statements of an accepted tree (text, values, if, for), as functions that write on a frame's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from jinja2 import nodes

from lib.streaming.prompt_template.dollar_syntax import author_name
from lib.streaming.prompt_template.expressions import cost, expression
from lib.streaming.prompt_template.frame import Expression, Frame, Statement
from lib.streaming.prompt_template.limits import VISITED
from lib.streaming.prompt_template.problems import Misfit, TemplateCode, TemplateError, refusal
from lib.streaming.prompt_template.values import items_of, kind_of, text_of
from lib.streaming.types import Value


def block(body: Sequence[nodes.Node]) -> Statement:
    """The statements of one body, each putting its line to what goes wrong."""
    statements = [statement for node in body for statement in _statements(node)]

    def write(frame: Frame) -> None:
        for line, statement in statements:
            try:
                statement(frame)
            except TemplateError as wrong:
                raise wrong.at(line) from None

    return write


def _statements(node: nodes.Node) -> list[tuple[int, Statement]]:
    match node:
        case nodes.Output():
            return [(part.lineno, _output(part)) for part in node.nodes]
        case nodes.If():
            return [(node.lineno, _if(node))]
        case nodes.For():
            return [(node.lineno, _for(node))]
        case _:
            raise refusal(
                TemplateCode.FORBIDDEN, f"{type(node).__name__} is not part of the template language.", node.lineno
            )


def _output(node: nodes.Node) -> Statement:
    if isinstance(node, nodes.TemplateData):
        text = node.data
        return lambda frame: frame.page.add(text)
    evaluate = _paid(node)
    return lambda frame: frame.page.add(text_of(evaluate(frame), frame.work))


def _if(node: nodes.If) -> Statement:
    branches = [(_paid(branch.test), block(branch.body)) for branch in (node, *node.elif_)]
    otherwise = block(node.else_)

    def write(frame: Frame) -> None:
        for test, body in branches:
            if test(frame):
                return body(frame)
        return otherwise(frame)

    return write


def _paid(node: nodes.Node) -> Expression:
    evaluate, price = expression(node), cost(node)

    def paid(frame: Frame) -> Value:
        frame.work.spend(price)
        return evaluate(frame)

    return paid


def _for(node: nodes.For) -> Statement:
    source, bind = _paid(node.iter), _binding(node)
    test = _paid(node.test) if node.test is not None else None
    body, otherwise = block(node.body), block(node.else_)

    def write(frame: Frame) -> None:
        inner = frame.inner()
        chosen = [item for item in _looped(source(frame), frame) if bind(inner, item) and (not test or test(inner))]
        for number, item in enumerate(chosen):
            bind(inner, item)
            inner.loop = (number, len(chosen))
            body(inner)
        if not chosen:
            otherwise(frame)

    return write


def _looped(value: Value, frame: Frame) -> Iterator[Value]:
    try:
        yield from items_of(value, frame.work)
    except Misfit as wrong:
        raise refusal(TemplateCode.WRONG_VALUE, f"This loop does not work: {wrong}.") from None


def _binding(node: nodes.For) -> Callable[[Frame, Value], bool]:
    """Put one item under the loop's name or, taken apart, under its names. Always true."""
    if not isinstance(node.target, nodes.Tuple):
        (only,) = _names([node.target])
        return lambda frame, item: frame.bind({only: item})
    names = _names(node.target.items)

    def take_apart(frame: Frame, item: Value) -> bool:
        frame.work.spend(VISITED)
        if not isinstance(item, list) or len(item) != len(names):
            message = f"This loop takes lists of {len(names)} items apart; it met {kind_of(item)} that is not one."
            raise refusal(TemplateCode.WRONG_VALUE, message)
        return frame.bind(dict(zip(names, item, strict=True)))

    return take_apart


def _names(targets: Sequence[nodes.Node]) -> list[str]:
    return [author_name(target.name) for target in targets if isinstance(target, nodes.Name)]
