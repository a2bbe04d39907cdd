"""Expressions: the value of each, with frames followed through it."""

import ast
import builtins

from agent.guard import arithmetic, calls, columns, containers, folding, seeds, shapes
from agent.guard.engine import Engine, Scope
from agent.guard.refused import refused_attribute, refused_symbol
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Class,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Method,
    Number,
    Slice,
    Source,
    Symbol,
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
            return join([attribute(engine, node, one, node.attr) for one in choices(base)])
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
            if any(isinstance(one, Frame) for one in choices(operand)):
                return operand
            return join([folding.unary(node.op, one) or COMPUTED for one in choices(operand)])
        case ast.BoolOp():
            return join([engine.evaluate(part, scope) for part in node.values])
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
            engine.bind(node.target, value, scope)
            return value
        case ast.Lambda():
            function = Function(node, scope, scope.owner)
            engine.declare(function)
            return function
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            scopes, is_known = containers.comprehend(engine, node.generators, scope)
            found = [engine.evaluate(node.elt, inner) for inner in scopes]
            return Items(tuple(found)) if is_known else Bag(join(found))
        case ast.DictComp():
            entries = []
            scopes, is_known = containers.comprehend(engine, node.generators, scope)
            for inner in scopes:
                key = engine.evaluate(node.key, inner)
                entries.append((key, engine.evaluate(node.value, inner)))
            return Mapping(tuple(entries)) if is_known else Bag(join([value for _, value in entries]))
        case ast.Starred():
            return engine.evaluate(node.value, scope)
        case ast.Yield() | ast.YieldFrom():
            if node.value:
                value = engine.evaluate(node.value, scope)
                scope.yielded.append(
                    containers.element_of(value) if isinstance(node, ast.YieldFrom) else value
                )
            return UNKNOWN
        case ast.Await():
            return engine.evaluate(node.value, scope)
        case _:
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    engine.consume(engine.evaluate(part, scope), part, "writes the label column into a text")
            return COMPUTED


def symbol(engine: Engine, node: ast.AST, dotted: str) -> Value:
    """An imported or built-in thing; refused ones are reported where they are named."""
    if dotted in folding.KNOWN:
        return Const(folding.KNOWN[dotted])
    if refusal := refused_symbol(dotted):
        engine.refuse(node, refusal)
        return COMPUTED
    return Symbol(dotted)


def _name(engine: Engine, node: ast.Name, scope: Scope) -> Value:
    value = scope.lookup(node.id)
    if value is not None:
        return value
    if hasattr(builtins, node.id) or node.id == "__builtins__":
        return symbol(engine, node, f"builtins.{node.id}")
    return seeds.named(node.id, UNKNOWN, node.lineno)


def attribute(engine: Engine, node: ast.AST, base: Value, name: str) -> Value:
    """`base.name`."""
    text = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
    if isinstance(base, Frame):
        outcome = shapes.attribute(base, name)
        if outcome is None:
            return Method(base, name)
        engine.report(node, outcome, base.trail)
        return outcome.value
    if isinstance(base, Symbol):
        return symbol(engine, node, f"{base.dotted}.{name}")
    if isinstance(base, Class) and name in base.names:
        return base.names[name]
    if isinstance(base, Instance):
        stored = engine.attributes.get((base.of.name, name), base.of.names.get(name))
        if stored is not None and stored != UNKNOWN:
            return join([_member(engine, node, base, name, one) for one in choices(stored)])
    if isinstance(base, Const | Items | Mapping | Bag):
        return base if name == "value" and isinstance(base, Const) else Method(base, name)
    if not isinstance(base, Instance) and (stored := engine.attributes.get((text, name))) is not None:
        return stored
    if found := seeds.from_attribute(text or "it", name, getattr(node, "lineno", 0)):
        return found
    if refusal := refused_attribute(name):
        engine.refuse(node, refusal)
        return COMPUTED
    if isinstance(base, Source) and name == "__dict__":
        return base
    return seeds.named(name, UNKNOWN, 0) if name in seeds.SOURCES else Method(base, name)


def _member(engine: Engine, node: ast.AST, base: Instance, name: str, stored: Value) -> Value:
    """What an object's attribute gives: a property is called, a method is bound."""
    if not isinstance(stored, Function):
        return stored
    return engine.invoke(stored, [base], {}, node) if calls.is_property(stored) else Method(base, name)


def _subscript(engine: Engine, node: ast.Subscript, scope: Scope) -> Value:
    base = engine.evaluate(node.value, scope)
    index = engine.evaluate(node.slice, scope)
    engine.consume(index, node.slice, "indexes by the label column")
    return join([subscript(engine, node, one, index) for one in choices(base)])


def subscript(engine: Engine, node: ast.AST, base: Value, index: Value) -> Value:
    """`base[index]`, for each alternative of the index."""
    if isinstance(base, Symbol) and base.dotted in ("numpy.s_", "numpy.index_exp"):
        return index
    if isinstance(base, Instance):
        return UNKNOWN
    found = []
    for one in _alternatives(index):
        if isinstance(base, Frame):
            outcome = columns.subscript(base, one)
            engine.report(node, outcome, base.trail + _folded(node, index))
            found.append(outcome.value)
        elif one == Const("frames") or (isinstance(base, Source) and one == Const("x")):
            name = "frames" if one == Const("frames") else "x"
            found.append(seeds.from_attribute("data", name, getattr(node, "lineno", 0)) or UNKNOWN)
        elif isinstance(base, Items) and isinstance(one, Slice):
            bounds = [
                part.value if isinstance(part, Const) else None for part in (one.start, one.stop, one.step)
            ]
            found.append(Items(base.items[slice(*bounds)]))
        elif isinstance(base, Bag) and isinstance(one, Slice):
            found.append(base)
        elif isinstance(base, Const | Items | Bag | Mapping):
            found.append(folding.element(base, one) or UNKNOWN)
        else:
            found.append(UNKNOWN if base in (UNKNOWN, Method(UNKNOWN, "")) else _part(base))
    return join(found)


def _part(base: Value) -> Value:
    if isinstance(base, Number):
        return COMPUTED
    return UNKNOWN if isinstance(base, Method | Source) else base


def _alternatives(index: Value) -> list[Value]:
    if isinstance(index, Items):
        return [Items(parts) for parts in arithmetic.paired(*index.items)]
    return list(choices(index))


def _folded(node: ast.AST, index: Value) -> tuple[str, ...]:
    """Says what an index is, where the program does not write it as a number."""
    if not isinstance(node, ast.Subscript):
        return ()
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    values = index.items if isinstance(index, Items) and isinstance(node.slice, ast.Tuple) else (index,)
    notes = []
    for part, value in zip(parts, values, strict=False):
        if isinstance(part, ast.Call | ast.Name | ast.Attribute | ast.BinOp | ast.Subscript):
            numbers = [one.value for one in choices(value) if isinstance(one, Const)]
            if numbers and len(numbers) == len(list(choices(value))):
                notes.append(f"{ast.unparse(part)} is {' or '.join(map(str, sorted(numbers, key=str)))}")
    return tuple(notes)
