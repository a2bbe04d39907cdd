"""Containers: what a display holds, what a loop goes over, and how a value falls apart into several."""

import ast
from collections.abc import Sequence

from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    LABEL,
    NUMBER,
    UNKNOWN,
    Bag,
    Const,
    Frame,
    Items,
    Label,
    Mapping,
    Number,
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
    if not isinstance(node, ast.Tuple) and all(isinstance(item, Const) for item in items):
        return Const(tuple(item.value for item in items if isinstance(item, Const)))
    return Items(tuple(items))


def dictionary(engine: Engine, node: ast.Dict, scope: Scope) -> Value:
    """A dictionary as it is written."""
    entries: list[tuple[Value, Value]] = []
    for key, part in zip(node.keys, node.values, strict=True):
        value = engine.evaluate(part, scope)
        if key is not None:
            entries.append((engine.evaluate(key, scope), value))
        elif isinstance(value, Mapping):
            entries += value.entries
    return Mapping(tuple(entries))


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
    if isinstance(value, Frame) and value.is_firm and value.rank is not None and value.axis == 0:
        trail = (*value.trail, f"element {LABEL} of the columns")
        rest: Value = COMPUTED
        return [Label(trail) if LABEL in column else rest for column in value.columns]
    return None


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
        if value.axis == 0 or value.axis is None:
            return Label(value.trail) if value.is_firm and value.holds_label else UNKNOWN
        if value.rank is None:
            return value
        return Frame(value.rank - 1, value.axis - 1, value.columns, value.is_firm, value.trail)
    if isinstance(value, Const) and isinstance(value.value, range):
        return NUMBER
    return COMPUTED if isinstance(value, Number) else UNKNOWN


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
    for generator in generators:
        made: list[Scope] = []
        for outer in scopes:
            over = engine.evaluate(generator.iter, outer)
            items = known_items(over)
            is_known = is_known and items is not None
            for item in items if items is not None and len(items) <= 256 else [element_of(over)]:
                inner = Scope(outer, owner=scope.owner)
                engine.bind(generator.target, item, inner)
                tests = [engine.evaluate(test, inner) for test in generator.ifs]
                for test, node in zip(tests, generator.ifs, strict=True):
                    engine.consume(test, node, "decides by the label column")
                is_known = is_known and all(isinstance(test, Const) for test in tests)
                if not any(isinstance(test, Const) and not test.value for test in tests):
                    made.append(inner)
        scopes = made
    return scopes, is_known
