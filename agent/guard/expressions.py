"""Expressions: the value of each, with frames followed through it."""

import ast
import builtins

from agent.guard import arithmetic, attributes, calls, containers, folding, special, subscripts
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Const,
    Frame,
    Function,
    Indices,
    Items,
    Mapping,
    Number,
    Slice,
    Value,
    choices,
    join,
)


def evaluate(engine: Engine, node: ast.expr, scope: Scope) -> Value:
    """The value of an expression, before a label that it may be is settled."""
    match node:
        case ast.Constant():
            return Const(node.value)
        case ast.Name():
            return _name(engine, node, scope)
        case ast.Attribute():
            base = engine.evaluate(node.value, scope)
            return join([attributes.attribute(engine, node, one, node.attr) for one in choices(base)])
        case ast.Subscript():
            return _subscript(engine, node, scope)
        case ast.Slice():
            parts = (node.lower, node.upper, node.step)
            return Slice(*(engine.evaluate(part, scope) if part else Const(None) for part in parts))
        case ast.Call():
            return calls.evaluate(engine, node, scope)
        case ast.BinOp():
            left, right = engine.evaluate(node.left, scope), engine.evaluate(node.right, scope)
            return arithmetic.binary(engine, node, node.op, left, right)
        case ast.Compare():
            return arithmetic.compare(engine, node, scope)
        case ast.UnaryOp():
            operand = engine.evaluate(node.operand, scope)
            if isinstance(node.op, ast.Not):
                engine.consume(operand, node, "decides by the label column")
            if any(isinstance(one, Frame) for one in choices(operand)):
                return operand
            return join([_unary(engine, node, one) for one in choices(operand)])
        case ast.BoolOp():
            sides = [engine.evaluate(part, scope) for part in node.values]
            for value, part in zip(sides[:-1], node.values, strict=False):
                engine.consume(value, part, "decides by the label column")
            return join(sides)
        case ast.IfExp():
            test = engine.evaluate(node.test, scope)
            engine.consume(test, node.test, "decides by the label column")
            if isinstance(test, Const):
                return engine.evaluate(node.body if test.value else node.orelse, scope)
            return join([engine.evaluate(node.body, scope), engine.evaluate(node.orelse, scope)])
        case ast.Tuple() | ast.List() | ast.Set():
            return containers.display(engine, node, scope)
        case ast.Dict():
            return containers.dictionary(engine, node, scope)
        case ast.NamedExpr():
            value = engine.evaluate(node.value, scope)
            home = scope
            while home.is_comprehension and home.parent is not None:
                home = home.parent
            engine.bind(node.target, value, home)
            return value
        case ast.Lambda():
            function = Function(node, scope)
            engine.declare(function)
            return function
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            scopes, is_known = containers.comprehend(engine, node.generators, scope)
            found = [engine.evaluate(node.elt, inner) for inner in scopes]
            if not is_known:
                return Bag(join(found))
            items = Items(tuple(found), is_list=isinstance(node, ast.ListComp))
            return (folding.fold(list, items) if items.is_list and found else None) or items
        case ast.DictComp():
            entries = []
            scopes, is_known = containers.comprehend(engine, node.generators, scope)
            for inner in scopes:
                key = engine.evaluate(node.key, inner)
                entries.append((key, engine.evaluate(node.value, inner)))
            return Mapping(tuple(entries)) if is_known else Bag(join([value for _, value in entries]))
        case ast.Starred():
            return engine.iterated(node, engine.evaluate(node.value, scope))
        case ast.Yield() | ast.YieldFrom():
            if node.value:
                value = engine.evaluate(node.value, scope)
                if isinstance(node, ast.YieldFrom):
                    value = containers.element_of(engine.iterated(node, value))
                scope.yielded.append(value)
                return value if isinstance(node, ast.YieldFrom) else UNKNOWN
            return UNKNOWN
        case ast.Await():
            return engine.evaluate(node.value, scope)
        case _:
            for inner_node in ast.iter_child_nodes(node):
                if isinstance(inner_node, ast.expr):
                    value = engine.evaluate(inner_node, scope)
                    engine.consume(value, inner_node, "writes the label column into a text")
            return COMPUTED


def _name(engine: Engine, node: ast.Name, scope: Scope) -> Value:
    value = scope.lookup(node.id)
    if value is not None:
        if engine.spilled != UNKNOWN and node.id in engine.module.escaping and _holds(value):
            return join([value, Bag(engine.spilled)])
        return value
    if hasattr(builtins, node.id) or node.id == "__builtins__":
        return engine.symbol(node, f"builtins.{node.id}")
    return UNKNOWN


def _holds(value: Value) -> bool:
    """Whether it is a container that something may have been put into behind another name."""
    return any(
        isinstance(one, Bag | Mapping)
        or (isinstance(one, Items) and one.is_list)
        or (isinstance(one, Const) and isinstance(one.value, tuple) and not one.is_array)
        for one in choices(value)
    )


def _subscript(engine: Engine, node: ast.Subscript, scope: Scope) -> Value:
    base = engine.evaluate(node.value, scope)
    index = engine.evaluate(node.slice, scope)
    engine.consume(index, node.slice, "indexes by the label column")
    return join([subscripts.subscript(engine, node, one, index) for one in choices(base)])


def _unary(engine: Engine, node: ast.UnaryOp, value: Value) -> Value:
    if (folded := folding.unary(node.op, value)) is not None:
        return folded
    made = special.called(engine, node, value, special.UNARY.get(type(node.op), "__bool__"), [])
    if made is not None:
        return made
    return value if isinstance(value, Number | Indices) else COMPUTED
