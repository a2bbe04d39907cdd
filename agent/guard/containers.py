"""Containers: what a display holds, what a loop goes over, and how a value falls apart into several."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from agent.guard import folding, operation_names
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    CUT,
    NUMBER,
    UNKNOWN,
    Bag,
    Bound,
    Computed,
    Const,
    Cut,
    Frame,
    Function,
    Indices,
    Instance,
    Items,
    Label,
    Mapping,
    Method,
    Source,
    Stranger,
    Value,
    choices,
    join,
)

UNROLLED = 16
"""Loops over at most this many known items are read item by item."""


def display(engine: Engine, node: ast.Tuple | ast.List | ast.Set, scope: Scope) -> Value:
    """A tuple, list or set as it is written."""
    items: list[Value] = []
    is_known = True
    for part in node.elts:
        value = engine.evaluate(part, scope)
        if not isinstance(part, ast.Starred):
            items.append(value)
            continue
        parts = known_items(value)
        is_known = is_known and parts is not None
        items += parts if parts is not None else [element_of(value)]
    if not is_known:
        return Bag(join(items))
    plain = [item.value for item in items if isinstance(item, Const)]
    is_plain = len(plain) == len(items) and all(
        isinstance(one, bool | int | float | str | bytes | None) for one in plain
    )
    if is_plain and not isinstance(node, ast.Tuple):
        return Const(tuple(plain))
    return Items(tuple(items), is_list=not isinstance(node, ast.Tuple))


def dictionary(engine: Engine, node: ast.Dict, scope: Scope) -> Value:
    """A dictionary as it is written."""
    entries: list[tuple[Value, Value]] = []
    for key, part in zip(node.keys, node.values, strict=True):
        value = engine.evaluate(part, scope)
        if key is not None:
            entries.append((engine.evaluate(key, scope), value))
        elif isinstance(value, Mapping):
            entries += value.entries
        elif isinstance(value, Source):
            entries.append((UNKNOWN, value))
    return Mapping(tuple(entries))


def iterated(engine: Engine, node: ast.AST, value: Value) -> Value:
    """What a loop goes over: an object's `__iter__` and `__next__` are called."""
    if not isinstance(value, Instance):
        return value
    for name in ("__iter__", "__next__", "__getitem__"):
        found = engine.attribute(node, value, name)
        if isinstance(found, Function | Bound):
            made = engine.apply(node, found, [NUMBER] if name == "__getitem__" else [], {})
            if name == "__iter__" and made != value:
                return join([iterated(engine, node, one) for one in choices(made)])
            if name != "__iter__":
                return Bag(made)
    return value


def method(owner: Value, name: str, args: list[Value]) -> Value | None:
    """A method of a container; None where it is none of those."""
    if name == "setdefault" and len(args) == 2:
        return join([folding.method(owner, "get", args[:1]) or UNKNOWN, args[1]])
    if name in operation_names.TAKES_IN and isinstance(owner, Items | Bag | Const | Mapping):
        return COMPUTED
    if not isinstance(owner, Items | Bag):
        return None
    if name in ("pop", "popleft", "__getitem__", "__next__", "get", "popitem"):
        return element_of(owner)
    if name == "items":
        return Bag(Items((COMPUTED, element_of(owner))))
    return owner if name in ("copy", "__iter__", "values", "elements") else None


def concatenate(left: Value, right: Value) -> Value:
    """`left + right` of lists or tuples."""
    parts = known_items(left), known_items(right)
    if parts[0] is not None and parts[1] is not None:
        return Items((*parts[0], *parts[1]))
    return Bag(join([element_of(left), element_of(right)]))


def known_items(value: Value) -> list[Value] | None:
    """The elements of a container, where they are known one by one."""
    if isinstance(value, Items):
        return list(value.items)
    if isinstance(value, Const) and isinstance(value.value, tuple | range | str):
        return [Const(part) for part in value.value] if len(value.value) <= 256 else None
    if isinstance(value, Mapping):
        return [key for key, _ in value.entries]
    if isinstance(value, Frame) and value.rank is not None and value.axis == 0:
        return labelled(value)
    return None


def labelled(frame: Frame) -> list[Value]:
    """The columns of a frame one by one: labels, and parts without."""
    found: list[Value] = []
    for place, column in enumerate(frame.columns):
        trail = (*frame.trail, f"element {place} of the columns")
        found.append(Label(trail) if frame.labels & column else CUT)
    return found


def element_of(value: Value) -> Value:
    """Any element of a container: what a loop variable holds."""
    return join([_element(one) for one in choices(value)])


def _element(value: Value) -> Value:
    parts = known_items(value)
    if parts is not None:
        return join(parts)
    if isinstance(value, Bag):
        return value.item
    if isinstance(value, Frame):
        if not value.holds_label:
            return CUT
        if value.axis == 0 or value.axis is None:
            return Label(value.trail)
        if value.rank is None:
            return replace(value, axis=value.axis - (value.axis > 0))
        return replace(value, rank=value.rank - 1, axis=value.axis - 1)
    if isinstance(value, Const) and isinstance(value.value, range):
        return NUMBER
    if isinstance(value, Method) and isinstance(value.owner, Frame | Stranger):
        return value.owner
    if isinstance(value, Indices | Cut):
        return value
    if isinstance(value, Stranger):
        return value
    return COMPUTED if isinstance(value, Computed) else UNKNOWN


def unpack(value: Value, n: int, star: int | None) -> list[Value]:
    """The parts of a value that is assigned to `n` targets, one of which may be starred."""
    alternatives = [_unpack(one, n, star) for one in choices(value)]
    return [join(parts) for parts in zip(*alternatives, strict=True)]


def _unpack(value: Value, n: int, star: int | None) -> list[Value]:
    parts = known_items(value)
    if parts is not None and star is not None and len(parts) >= n - 1:
        width = len(parts) - (n - 1)
        middle: Value = Items(tuple(parts[star : star + width]))
        return [*parts[:star], middle, *parts[star + width :]]
    if parts is not None and star is None and len(parts) == n:
        return parts
    each = element_of(value)
    return [Bag(each) if place == star else each for place in range(n)]


def comprehend(
    engine: Engine, generators: Sequence[ast.comprehension], scope: Scope
) -> tuple[list[Scope], bool]:
    """A scope for every element that a comprehension makes, and whether they are known one by one."""
    scopes, is_known = [Scope(scope, owner=scope.owner)], True
    scopes[0].is_comprehension = True
    for generator in generators:
        made: list[Scope] = []
        for outer in scopes:
            over = engine.iterated(generator.iter, engine.evaluate(generator.iter, outer))
            items = known_items(over)
            is_known = is_known and items is not None
            for item in items if items is not None and len(items) <= 256 else [element_of(over)]:
                inner = Scope(outer, owner=scope.owner)
                inner.is_comprehension = True
                engine.bind(generator.target, item, inner)
                tests = [engine.evaluate(test, inner) for test in generator.ifs]
                for test, node in zip(tests, generator.ifs, strict=True):
                    engine.consume(test, node, "decides by the label column")
                is_known = is_known and all(isinstance(test, Const) for test in tests)
                if not any(isinstance(test, Const) and not test.value for test in tests):
                    made.append(inner)
        scopes = made
    return scopes, is_known


def anything_in(engine: Engine, node: ast.AST, value: Value) -> Value:
    """Whatever an object may hand out by position: fields of one's own class, or what it leads to."""
    found = [
        engine.attribute(node, one, "__dict__")
        for one in choices(value)
        if isinstance(one, Instance | Source)
    ]
    return join([part for one in found if isinstance(one, Mapping) for _, part in one.entries] or [UNKNOWN])
