"""Expressions of an accepted tree, as functions of a frame. Only what `allow_list` lets through is known here."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import nodes

from lib.streaming.prompt_template.arguments import keywords_of
from lib.streaming.prompt_template.calls import filtered, tested
from lib.streaming.prompt_template.comparisons import compared
from lib.streaming.prompt_template.dollar_syntax import author_name
from lib.streaming.prompt_template.frame import LOOP_FACTS, Expression, Frame
from lib.streaming.prompt_template.limits import CALL, STEP
from lib.streaming.prompt_template.problems import Misfit, TemplateCode, refusal, shown, undefined
from lib.streaming.prompt_template.values import kind_of, text_of
from lib.streaming.types import Value


def cost(node: nodes.Node) -> int:
    """Work of one evaluation at most: no part of an expression is evaluated twice, so counting them bounds it."""
    calls = sum(1 for _ in node.find_all((nodes.Filter, nodes.Test)))
    return STEP * (1 + sum(1 for _ in node.find_all(nodes.Node))) + CALL * (
        calls + isinstance(node, (nodes.Filter, nodes.Test))
    )


def expression(node: nodes.Node) -> Expression:  # noqa: C901, PLR0911, PLR0912 - one row for each kind of node
    """The function that evaluates a node. Whoever calls it has paid its `cost`."""
    match node:
        case nodes.Const(value=value):
            return lambda _: value
        case nodes.Name(name=name):
            known = author_name(name)
            return lambda frame: frame.value(known)
        case nodes.Neg(node=nodes.Const(value=value)):
            return lambda _: -value
        case nodes.Getattr():
            return _attribute(node)
        case nodes.Getitem():
            return _item(node)
        case nodes.Filter():
            return _filtered(node)
        case nodes.Test():
            return tested(author_name(node.name), expression(node.node))
        case nodes.Compare():
            return _comparison(node)
        case nodes.CondExpr():
            return _choice(node)
        case nodes.And():
            left, right = expression(node.left), expression(node.right)
            return lambda frame: left(frame) and right(frame)
        case nodes.Or():
            left, right = expression(node.left), expression(node.right)
            return lambda frame: left(frame) or right(frame)
        case nodes.Not():
            inner = expression(node.node)
            return lambda frame: not inner(frame)
        case nodes.Concat():
            parts = _all(node.nodes)
            return lambda frame: frame.work.join(text_of(part(frame), frame.work) for part in parts)
        case nodes.List() | nodes.Tuple():
            parts = _all(node.items)
            return lambda frame: [part(frame) for part in parts]
        case _:
            raise refusal(
                TemplateCode.FORBIDDEN, f"{type(node).__name__} is not part of the template language.", node.lineno
            )


def _all(parts: Sequence[nodes.Expr]) -> list[Expression]:
    return [expression(part) for part in parts]


def _attribute(node: nodes.Getattr) -> Expression:
    owner, name = expression(node.node), author_name(node.attr)
    if isinstance(node.node, nodes.Name) and node.node.name == "loop":
        return lambda frame: LOOP_FACTS[name](*frame.loop) if frame.loop else _part(owner(frame), name)
    return lambda frame: _part(owner(frame), name)


def _item(node: nodes.Getitem) -> Expression:
    owner, key = expression(node.node), expression(node.arg)
    return lambda frame: _part(owner(frame), key(frame))


def _part(owner: Value, key: Value) -> Value:
    if isinstance(owner, dict) and isinstance(key, str) and key in owner:
        return owner[key]
    if isinstance(owner, list) and isinstance(key, int) and -len(owner) <= key < len(owner):
        return owner[key]
    named = shown(key) if isinstance(key, str) else key if isinstance(key, int) else kind_of(key)
    raise undefined(f"There is no '{named}' in {kind_of(owner)}; check the name, or add | default('…').")


def _filtered(node: nodes.Filter) -> Expression:
    # Only a filter block has no operand, and that is a statement the allow-list refuses.
    operand = expression(node.node or nodes.Const(None))
    named = {keyword.key: expression(keyword.value) for keyword in keywords_of(node)}
    return filtered(author_name(node.name), operand, _all(node.args), named)


def _comparison(node: nodes.Compare) -> Expression:
    left = expression(node.expr)
    operands = [(operand.op, expression(operand.expr)) for operand in node.ops]

    def compare(frame: Frame) -> Value:
        value = left(frame)
        for sign, operand in operands:
            other = operand(frame)
            try:
                if not compared(value, sign, other, frame.work):
                    return False
            except Misfit as wrong:
                raise refusal(TemplateCode.WRONG_VALUE, f"This comparison does not work: {wrong}.") from None
            value = other
        return True

    return compare


def _choice(node: nodes.CondExpr) -> Expression:
    test, chosen = expression(node.test), expression(node.expr1)
    otherwise = expression(node.expr2) if node.expr2 is not None else (lambda _: None)
    return lambda frame: chosen(frame) if test(frame) else otherwise(frame)
