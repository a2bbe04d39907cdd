"""`base[index]`: what is taken out of a frame, a container, an object, or something of unknown origin."""

import ast

from agent.guard import arithmetic, attributes, columns, containers, folding
from agent.guard.engine import Engine
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Bound,
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
    Stranger,
    Symbol,
    Value,
    choices,
    join,
)


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
