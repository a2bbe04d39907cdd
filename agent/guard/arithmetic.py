"""Operators: arithmetic folds constants, and keeps the columns of frames apart."""

import ast
import math
from itertools import product

from agent.guard import containers, folding, operations
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    MOST,
    NUMBER,
    Bag,
    Const,
    Frame,
    Items,
    Number,
    Value,
    choices,
    join,
)


def binary(engine: Engine, node: ast.expr, op: ast.operator, left: Value, right: Value) -> Value:
    """`left op right`, for all alternatives of both."""
    pairs = paired(left, right)
    return join([_binary(engine, node, op, one, two) for one, two in pairs])


def _binary(engine: Engine, node: ast.expr, op: ast.operator, left: Value, right: Value) -> Value:
    folded = folding.binary(op, left, right)
    if folded is not None:
        return folded
    if isinstance(left, Frame) or isinstance(right, Frame):
        frame, other = (left, right) if isinstance(left, Frame) else (right, left)
        assert isinstance(frame, Frame)
        if isinstance(op, ast.MatMult):
            outcome = operations.matmul(left, right)
        else:
            outcome = operations.mixed(frame, [other])
        engine.report(node, outcome, frame.trail)
        return outcome.value
    if (
        isinstance(op, ast.Add)
        and isinstance(left, Items | Bag | Const)
        and isinstance(right, Items | Bag | Const)
    ):
        return containers.concatenate(left, right)
    if isinstance(op, ast.Mult) and isinstance(left, Items) and isinstance(right, Const | Number):
        return Bag(join(left.items))
    is_number = all(isinstance(side, Number | Const) for side in (left, right))
    return NUMBER if is_number else COMPUTED


def compare(engine: Engine, node: ast.Compare, scope: Scope) -> Value:
    """A comparison, also a chained one."""
    sides = [engine.evaluate(side, scope) for side in (node.left, *node.comparators)]
    for op, right in zip(node.ops, sides[1:], strict=True):
        if isinstance(op, ast.Is | ast.IsNot):
            return COMPUTED
        if isinstance(op, ast.In | ast.NotIn):
            engine.consume(right, node, "searches the label column")
    if len(node.ops) == 1:
        pairs = paired(sides[0], sides[1])
        return join([_compared(engine, node, node.ops[0], *pair) for pair in pairs])
    for side in sides:
        engine.consume(side, node, "compares with the label column")
    return COMPUTED


def paired(*values: Value) -> list[tuple[Value, ...]]:
    """Every combination of alternatives; where they are too many, constants count as computed."""
    sides = [list(choices(value)) for value in values]
    if math.prod(map(len, sides)) > MOST * 2:
        sides = [
            list(dict.fromkeys(COMPUTED if isinstance(one, Const) else one for one in side)) for side in sides
        ]
    return list(product(*sides))


def _compared(engine: Engine, node: ast.Compare, op: ast.cmpop, left: Value, right: Value) -> Value:
    folded = folding.binary(op, left, right)
    if folded is not None:
        return folded
    frames = [side for side in (left, right) if isinstance(side, Frame)]
    if not frames or isinstance(op, ast.In | ast.NotIn):
        return COMPUTED
    outcome = operations.mixed(frames[0], [left, right])
    engine.report(node, outcome, frames[0].trail)
    return outcome.value
