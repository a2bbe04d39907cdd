"""Expressions: the value of each, with frames followed through it."""

import ast
import builtins

from agent.guard import arithmetic, attributes, calls, columns, containers, folding, special
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Bound,
    Class,
    Const,
    Frame,
    Function,
    Indices,
    Instance,
    Items,
    Mapping,
    Method,
    Number,
    Slice,
    Source,
    Stranger,
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
    return join([subscript(engine, node, one, index) for one in choices(base)])


def subscript(engine: Engine, node: ast.AST, base: Value, index: Value) -> Value:
    """`base[index]`, for each alternative of the index."""
    if isinstance(base, Symbol) and base.dotted in ("numpy.s_", "numpy.index_exp"):
        return index
    if isinstance(base, Method) and isinstance(base.owner, Stranger):
        base = base.owner
    if isinstance(base, Instance | Class):
        return _of_object(engine, node, base, index)
    found = []
    for one in _alternatives(index):
        if isinstance(base, Frame):
            outcome = columns.subscript(base, one)
            engine.report(node, outcome, base.trail + _folded(node, index))
            found.append(outcome.value)
        elif one == Const("frames") and isinstance(base, Source | Stranger):
            found.append(engine.attribute(node, base, "frames"))
        elif isinstance(base, Stranger):
            found.append(_of_stranger(engine, node, base, one))
        elif isinstance(base, Items) and isinstance(one, Slice):
            bounds = [
                part.value if isinstance(part, Const) else None for part in (one.start, one.stop, one.step)
            ]
            found.append(Items(base.items[slice(*bounds)], base.is_list))
        elif isinstance(base, Bag) and isinstance(one, Slice):
            found.append(base)
        elif isinstance(base, Const | Items | Bag | Mapping):
            if isinstance(base, Const) and not isinstance(base.value, tuple | range | str | bytes):
                continue
            held = folding.element(base, one)
            found.append(join([UNKNOWN, engine.spilled]) if held is None or held == UNKNOWN else held)
        else:
            found.append(attributes.settled(engine, node, _part(base)))
    return join(found)


def _of_object(engine: Engine, node: ast.AST, base: Instance | Class, index: Value) -> Value:
    """`__getitem__` of an object, `__class_getitem__` of a class, or a field of a named tuple."""
    name = "__getitem__" if isinstance(base, Instance) else "__class_getitem__"
    method = engine.attribute(node, base, name)
    if isinstance(method, Function | Bound):
        return engine.apply(node, method, [index], {})
    fields = base.of.names.get("__fields__") if isinstance(base, Instance) else None
    if isinstance(fields, Const) and fields.value:
        named = [engine.attribute(node, base, field) for field in fields.value]
        return folding.element(Items(tuple(named)), index) or join(named)
    if isinstance(base, Class) and isinstance(index, Const):
        return engine.attribute(node, base, str(index.value))
    # One's own kind of list or dictionary: what it was made of is in it.
    return containers.anything_in(engine, node, base)


def _of_stranger(engine: Engine, node: ast.AST, base: Stranger, index: Value) -> Value:
    """A value of which nobody knows where it comes from: its column 6 may be the label."""
    entries = index.items if isinstance(index, Items) else (index,)
    numbers = [engine.labels & set(folding.whole_numbers(entry)) for entry in entries]
    if len(entries) > 1 and numbers[-1]:
        where = f"`{base.name}` (line {base.line})"
        what = f"reads column {min(numbers[-1])} of {where}, and nobody knows what that is"
        remedy = (
            f'Say it by an annotation, such as `{base.name}: Float[Tensor, "metabolite 8"]` or another shape.'
        )
        engine.report(node, columns.undecidable(what, remedy))
        return COMPUTED
    return base


def _part(base: Value) -> Value:
    if isinstance(base, Number):
        return COMPUTED
    if isinstance(base, Method) and isinstance(base.owner, Frame):
        return base
    if isinstance(base, Method) and isinstance(base.owner, Source):
        return COMPUTED
    return UNKNOWN if isinstance(base, Method | Source) else base


def _unary(engine: Engine, node: ast.UnaryOp, value: Value) -> Value:
    if (folded := folding.unary(node.op, value)) is not None:
        return folded
    made = special.called(engine, node, value, special.UNARY.get(type(node.op), "__bool__"), [])
    if made is not None:
        return made
    return value if isinstance(value, Number | Indices) else COMPUTED


def _alternatives(index: Value) -> list[Value]:
    if isinstance(index, Items):
        return [Items(parts, index.is_list) for parts in arithmetic.paired(*index.items)]
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
