"""Operators: arithmetic folds constants, and keeps the columns of frames apart."""

import ast
import math
from itertools import product

from agent.guard import containers, folding, operations, special
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    INDICES,
    MOST,
    NUMBER,
    Bag,
    Const,
    Frame,
    Indices,
    Items,
    Number,
    Value,
    choices,
    join,
)

FOLLOW = "Take the columns that are needed out of the frame first."


def binary(
    engine: Engine, node: ast.expr, op: ast.operator, left: Value, right: Value, *, in_place: bool = False
) -> Value:
    """`left op right`, or `left op= right`, for all alternatives of both."""
    found = []
    for one, two in paired(left, right):
        name = f"__{special.IN_PLACE}{special.BINARY[type(op)]}__"
        made = special.called(engine, node, one, name, [two]) if in_place else None
        found.append(_binary(engine, node, op, one, two) if made is None else made)
    return join(found)


def _binary(engine: Engine, node: ast.expr, op: ast.operator, left: Value, right: Value) -> Value:
    folded = folding.binary(op, left, right)
    if folded is not None:
        return folded
    if isinstance(op, ast.Mod) and isinstance(left, Const) and isinstance(left.value, str | bytes):
        engine.consume(right, node, "writes the label column into a text")
        return COMPUTED
    for side, other, turned in ((left, right, ""), (right, left, special.REFLECTED)):
        name = f"__{turned}{special.BINARY[type(op)]}__"
        if (made := special.called(engine, node, side, name, [other])) is not None:
            return made
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
    for side in (left, right):
        for found in frames_in(side):
            engine.report(
                node, undecidable("computes with a container that holds a frame", FOLLOW), found.trail
            )
    sides = (left, right)
    if all(isinstance(side, Number) or _is_whole(side) for side in sides):
        return NUMBER
    is_whole = all(isinstance(side, Indices | Number) or _is_whole(side) for side in sides)
    return INDICES if is_whole and not isinstance(op, ast.Div) else COMPUTED


def _is_whole(value: Value) -> bool:
    return (
        isinstance(value, Const)
        and isinstance(value.value, int | float)
        and not isinstance(value.value, bool)
    )


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
    if (made := special.compared(engine, node, op, left, right)) is not None:
        engine.consume(made, node, "compares with the label column")
        return made
    frames = [side for side in (left, right) if isinstance(side, Frame)]
    if not frames or isinstance(op, ast.In | ast.NotIn):
        for side in (left, right):
            engine.consume(side, node, "compares with the label column")
        return COMPUTED
    outcome = operations.mixed(frames[0], [left, right])
    engine.report(node, outcome, frames[0].trail)
    return outcome.value
