"""Changes in place: what stands behind a name, and behind each of its other names.

Containers are values here, not objects, so that a change has to be made wherever the same object may be
meant: under a second name, in the scope further out, and where a caller passed it in.
"""

import ast

from agent.guard import containers
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in, sources_in
from agent.guard.engine import Engine, Scope
from agent.guard.operation_names import REORDERS, TAKES_IN
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Bound,
    Const,
    Function,
    Items,
    Mapping,
    Symbol,
    Value,
    choices,
    join,
)


def grow(engine: Engine, node: ast.Call, args: list[Value], keywords: dict[str, Value], scope: Scope) -> None:
    """`items.append(value)` and its like: the container holds the value from now on."""
    if not isinstance(node.func, ast.Attribute):
        return
    target, name = node.func.value, node.func.attr
    if name in REORDERS or (name.endswith("_") and not name.startswith("_")):
        forget(engine, target, scope)
    if name not in TAKES_IN:
        return
    before = engine.evaluate(target, scope)
    given = [*args, *keywords.values()]
    if name in ("extend", "update", "extendleft"):
        given = [*(containers.element_of(engine.iterated(node, arg)) for arg in args), *keywords.values()]
        given += [one for arg in args if isinstance(arg, Mapping) for _, one in arg.entries]
    put_in(engine, target, before, join(given), scope)


def put_in(engine: Engine, target: ast.expr, before: Value, added: Value, scope: Scope) -> None:
    """A container, written as `target`, takes `added` in; so does every name that stands for it."""
    held = [
        containers.element_of(one)
        if not isinstance(one, Mapping)
        else join([value for _, value in one.entries])
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


def forget(engine: Engine, target: ast.expr, scope: Scope) -> None:
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
        return Bag(containers.element_of(value)) if isinstance(value.value, tuple | range) else value
    if isinstance(value, Mapping):
        return Bag(join([one for _, one in value.entries]))
    return Bag(containers.element_of(value)) if isinstance(value, Items) else value


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
            forget(engine, part, scope)
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
