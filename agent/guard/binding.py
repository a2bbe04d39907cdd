"""Assignment: names, attributes, elements and patterns take a value."""

import ast

from agent.guard import containers, seeds
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    Bag,
    Const,
    Frame,
    Items,
    Mapping,
    Value,
    frames_in,
    join,
)


def capture(engine: Engine, pattern: ast.pattern, value: Value, scope: Scope) -> None:
    if isinstance(pattern, ast.MatchAs):
        if pattern.pattern is not None:
            capture(engine, pattern.pattern, value, scope)
        if pattern.name:
            scope.names[pattern.name] = seeds.named(pattern.name, value, pattern.lineno)
    elif isinstance(pattern, ast.MatchClass):
        for name, part in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            held = engine.attribute(pattern, value, name)
            capture(engine, part, held, scope)
    elif isinstance(pattern, ast.MatchSequence):
        star = next((i for i, part in enumerate(pattern.patterns) if isinstance(part, ast.MatchStar)), None)
        for part, held in zip(
            pattern.patterns, containers.unpack(value, len(pattern.patterns), star), strict=True
        ):
            capture(engine, part, held, scope)


def bind(engine: Engine, target: ast.expr, value: Value, scope: Scope) -> None:
    """Assigns to a name, an attribute, an element, or to several at once."""
    if isinstance(target, ast.Name):
        scope.assign(target.id, seeds.named(target.id, value, target.lineno))
    elif isinstance(target, ast.Starred):
        bind(engine, target.value, value, scope)
    elif isinstance(target, ast.Tuple | ast.List):
        star = next((i for i, part in enumerate(target.elts) if isinstance(part, ast.Starred)), None)
        for part, held in zip(target.elts, containers.unpack(value, len(target.elts), star), strict=True):
            bind(engine, part, held, scope)
    elif isinstance(target, ast.Attribute):
        base = engine.evaluate(target.value, scope)
        owner = base.of.name if hasattr(base, "of") else ast.unparse(target.value)
        engine.remember(owner, target.attr, value)
    elif isinstance(target, ast.Subscript):
        index = engine.evaluate(target.slice, scope)
        engine.consume(index, target.slice, "indexes by the label column")
        held = engine.evaluate(target.value, scope)
        if isinstance(held, Mapping):
            bind(engine, target.value, Mapping((*held.entries, (index, value))), scope)
        elif isinstance(held, Items | Bag) or (isinstance(held, Const) and not held.is_array):
            bind(engine, target.value, Bag(join([containers.element_of(held), value])), scope)
        elif isinstance(held, Const):
            bind(engine, target.value, COMPUTED, scope)
        elif any(isinstance(one, Frame) for one in frames_in(value)) and not isinstance(held, Frame):
            bind(engine, target.value, join([held, value]), scope)
