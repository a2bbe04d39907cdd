"""Assignment: names, attributes, elements and patterns take a value."""

import ast

from agent.guard import columns, containers, mutation
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in
from agent.guard.engine import Engine, Scope
from agent.guard.shapes import from_end
from agent.guard.values import (
    Bag,
    Bound,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Value,
    choices,
    join,
)


def capture(engine: Engine, pattern: ast.pattern, value: Value, scope: Scope) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            capture(engine, pattern.pattern, value, scope)
        if pattern.name:
            scope.names[pattern.name] = value
    elif isinstance(pattern, ast.MatchClass):
        for name, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            held = join([engine.attribute(pattern, one, name) for one in choices(value)])
            capture(engine, part, held, scope)
        for part in pattern.patterns:
            capture(engine, part, containers.anything_in(engine, pattern, value), scope)
    elif isinstance(pattern, ast.MatchSequence):
        star = next((i for i, part in enumerate(pattern.patterns) if isinstance(part, ast.MatchStar)), None)
        for part, held in zip(
            pattern.patterns, containers.unpack(value, len(pattern.patterns), star), strict=True
        ):
            capture(engine, part, held, scope)
    elif isinstance(pattern, ast.MatchStar):
        if pattern.name:
            scope.names[pattern.name] = value
    elif isinstance(pattern, ast.MatchOr):
        for part in pattern.patterns:
            capture(engine, part, value, scope)
    elif isinstance(pattern, ast.MatchMapping):
        for key, part in zip(pattern.keys, pattern.patterns, strict=True):
            index = engine.evaluate(key, scope)
            held = join([engine.subscript(pattern, one, index) for one in choices(value)])
            capture(engine, part, held, scope)
        if pattern.rest:
            scope.names[pattern.rest] = value


def bind(engine: Engine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Assigns to a name, an attribute, an element, or to several at once."""
    if isinstance(target, ast.Name):
        if scope.assign(target.id, value):
            engine.changed()
    elif isinstance(target, ast.Starred):
        bind(engine, target.value, value, scope)
    elif isinstance(target, ast.Tuple | ast.List):
        star = next((i for i, part in enumerate(target.elts) if isinstance(part, ast.Starred)), None)
        over = engine.iterated(target, value)
        for part, held in zip(target.elts, containers.unpack(over, len(target.elts), star), strict=True):
            bind(engine, part, held, scope)
    elif isinstance(target, ast.Attribute):
        for owner in choices(engine.evaluate(target.value, scope)):
            engine.keep(target, owner, target.attr, value)
    elif isinstance(target, ast.Subscript):
        _element(engine, target, value, scope)


def _element(engine: Engine, target: ast.Subscript, value: Value, scope: Scope) -> None:
    """`held[index] = value`."""
    index = engine.evaluate(target.slice, scope)
    engine.consume(index, target.slice, "indexes by the label column")
    held = engine.evaluate(target.value, scope)
    if isinstance(held, Mapping) and isinstance(index, Const):
        entries = tuple(entry for entry in held.entries if entry[0] != index)
        place = target.value
        is_own = (
            isinstance(place, ast.Name)
            and scope.home(place.id) is scope
            and place.id not in scope.parameters
            and len(scope.twins.get(place.id, ())) < 2
        )
        if is_own and not any(True for _ in frames_in(value)):
            bind(engine, target.value, Mapping((*entries, (index, value))), scope)
            return
    for one in choices(held):
        if isinstance(one, Instance):
            method = engine.attribute(target, one, "__setitem__")
            if isinstance(method, Function | Bound):
                engine.apply(target, method, [index, value], {})
                continue
        is_container = isinstance(one, Items | Bag | Mapping) or (isinstance(one, Const) and not one.is_array)
        if is_container:
            mutation.put_in(engine, target.value, held, value, scope)
            return
        for found in frames_in(value):
            if isinstance(found, Frame) and found.holds_label and not _is_aligned(one, index, found):
                what = undecidable(
                    "copies columns of a frame into another tensor", "Copy single columns only."
                )
                engine.report(target, what, found.trail)
        if isinstance(one, Const):
            mutation.forget(engine, target.value, scope)


def _is_aligned(held: Value, index: Value, value: Frame) -> bool:
    """Whether each column is written over itself, as an augmented assignment does."""
    if not isinstance(held, Frame):
        return False
    place = columns.subscript(held, index).value
    return isinstance(place, Frame) and place.columns == value.columns and from_end(place) == from_end(value)
