"""Containers: what a display holds, what a loop goes over, and how a value falls apart into several."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from agent.guard import folding
from agent.guard.columns import undecidable
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
    Symbol,
    Value,
    choices,
    frames_in,
    join,
    sources_in,
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


CHANGES = frozenset(("append", "add", "extend", "insert", "update", "appendleft", "extendleft", "setdefault"))
"""Methods by which a container takes values in."""


REORDERS = frozenset(
    (
        *("pop", "popleft", "popitem", "remove", "reverse", "sort", "clear", "rotate"),
        *("fill", "put", "itemset", "resize"),
    )
)
"""Methods that change a list or an array where it stands, but take no frame in."""


def grow(engine: Engine, node: ast.Call, args: list[Value], keywords: dict[str, Value], scope: Scope) -> None:
    """`items.append(value)` and its like: the container holds the value from now on."""
    if not isinstance(node.func, ast.Attribute):
        return
    target, name = node.func.value, node.func.attr
    if name in REORDERS or (name.endswith("_") and not name.startswith("_")):
        _forget(engine, target, scope)
    if name not in CHANGES:
        return
    before = engine.evaluate(target, scope)
    given = [*args, *keywords.values()]
    if name in ("extend", "update", "extendleft"):
        given = [*(element_of(arg) for arg in args), *keywords.values()]
        given += [one for arg in args if isinstance(arg, Mapping) for _, one in arg.entries]
    put_in(engine, target, before, join(given), scope)


def put_in(engine: Engine, target: ast.expr, before: Value, added: Value, scope: Scope) -> None:
    """A container, written as `target`, takes `added` in; so does every name that stands for it."""
    held = [
        element_of(one) if not isinstance(one, Mapping) else join([value for _, value in one.entries])
        for one in choices(before)
        if isinstance(one, Items | Bag | Const | Mapping)
    ]
    matters = any(True for _ in (*frames_in(added), *sources_in(added)))
    if not held and not matters:
        return
    if matters:
        engine.spill(added)
    grown = Bag(join([*(one for one in held if one != UNKNOWN), added]))
    if isinstance(target, ast.Name):
        home = scope.home(target.id)
        if home is None:
            return
        if matters and target.id in scope.parameters and home is scope:
            what = "puts a frame into a container that belongs to the caller"
            engine.report(target, undecidable(what, "Return the frame instead."))
        _replace(engine, target.id, grown, home, scope)
    elif isinstance(target, ast.Attribute):
        for owner in choices(engine.evaluate(target.value, scope)):
            engine.keep(target, owner, target.attr, grown)
    elif isinstance(target, ast.Subscript):
        outer = engine.evaluate(target.value, scope)
        put_in(engine, target.value, outer, grown, scope)


def _replace(engine: Engine, name: str, value: Value, home: Scope, scope: Scope) -> None:
    """What stands behind a name has changed: so it has behind each of its other names."""
    for one in home.twins.get(name, {name}):
        if home is scope:
            scope.names[one] = value
        else:
            engine.widen(home, one, value)
        if one in home.parameters:
            home.mutated[one] = value


def _forget(engine: Engine, target: ast.expr, scope: Scope) -> None:
    """A list or array of constants is changed where it stands: its elements count as any of theirs."""
    if not isinstance(target, ast.Name) or (home := scope.home(target.id)) is None:
        return
    for name in home.twins.get(target.id, {target.id}):
        before = home.names.get(name, UNKNOWN)
        changed = join([_loosened(one) for one in choices(before)])
        if changed == before:
            continue
        if home is scope:
            scope.names[name] = changed
        else:
            engine.widen(home, name, changed)
        if name in home.parameters:
            home.mutated[name] = changed


def _loosened(value: Value) -> Value:
    if isinstance(value, Const):
        if value.is_array:
            return COMPUTED
        return Bag(element_of(value)) if isinstance(value.value, tuple | range) else value
    if isinstance(value, Mapping):
        return Bag(join([one for _, one in value.entries]))
    return Bag(element_of(value)) if isinstance(value, Items) else value


def overwritten(engine: Engine, target: ast.expr, scope: Scope) -> None:
    """An element of an array of constants is assigned to."""
    _forget(engine, target, scope)


def changed_by(engine: Engine, node: ast.Call, function: Value, scope: Scope) -> None:
    """Containers that are passed to a function which changes them hold what it put in."""
    shift = 0
    while isinstance(function, Bound):
        shift += len(function.args)
        function = function.function
    if isinstance(function, Symbol):
        top, _, rest = function.dotted.partition(".")
        if top in ("torch", "numpy", "math") and "random" not in rest:
            return
        if top == "builtins" and "." not in rest:
            return
        for part in node.args:
            _forget(engine, part, scope)
    if not isinstance(function, Function) or any(isinstance(part, ast.Starred) for part in node.args):
        return
    mutations = engine.mutations(function)
    given = function.node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args)][shift:]
    pairs = [*zip(names, node.args, strict=False), *((one.arg, one.value) for one in node.keywords)]
    for name, part in pairs:
        if name in mutations and isinstance(part, ast.Name) and (home := scope.home(part.id)) is not None:
            before = home.names.get(part.id, UNKNOWN)
            _replace(engine, part.id, join([_loosened(before), mutations[name]]), home, scope)


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
    if name in CHANGES and isinstance(owner, Items | Bag | Const | Mapping):
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
