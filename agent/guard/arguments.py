"""Parameters of a function that is called: as given, else by default, else by what the annotation says."""

import ast
from dataclasses import replace

from agent.guard import seeds
from agent.guard.calls import is_class_method, is_static
from agent.guard.engine import Engine
from agent.guard.values import (
    UNKNOWN,
    Bag,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Value,
    join,
)


def bound(
    engine: Engine, function: Function, args: list[Value] | None, keywords: dict[str, Value]
) -> dict[str, Value]:
    """The value of every parameter.

    Args:
        engine: Evaluates the defaults.
        function: What is called.
        args: Positional arguments; None where nobody is known to call it.
        keywords: Arguments by name.
    """
    given, node = function.node.args, function.node
    positional = [*given.posonlyargs, *given.args]
    defaults = dict(
        zip(
            [one.arg for one in positional][len(positional) - len(given.defaults) :],
            given.defaults,
            strict=True,
        )
    )
    defaults |= {
        one.arg: default for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default
    }
    called = getattr(node, "name", "a lambda")
    names: dict[str, Value] = {}
    for place, one in enumerate([*positional, *given.kwonlyargs]):
        if args is not None and place < len(args) and place < len(positional):
            names[one.arg] = _passed(args[place], called)
        elif one.arg in keywords:
            names[one.arg] = _passed(keywords[one.arg], called)
        elif place == 0 and args is None and function.owner and not is_static(function):
            names[one.arg] = function.owner if is_class_method(function) else Instance(function.owner)
        elif one.arg in defaults and args is not None:
            names[one.arg] = engine.evaluate(defaults[one.arg], function.scope)
        elif args is None:
            names[one.arg] = _unknown(engine, one, defaults.get(one.arg), function)
        else:
            names[one.arg] = UNKNOWN
    if given.vararg:
        rest = args[len(positional) :] if args is not None else None
        names[given.vararg.arg] = (
            Items(tuple(rest)) if rest is not None else Bag(_stranger(engine, given.vararg, function))
        )
    if given.kwarg:
        known = {one.arg for one in (*positional, *given.kwonlyargs)}
        others = [(Const(name), value) for name, value in keywords.items() if name not in known]
        names[given.kwarg.arg] = (
            Mapping(tuple(others)) if args is not None else Bag(_stranger(engine, given.kwarg, function))
        )
    return names


def _stranger(engine: Engine, argument: ast.arg, function: Function) -> Value:
    return seeds.parameter(argument, function.scope.lookup, engine.labels)


def _unknown(engine: Engine, argument: ast.arg, default: ast.expr | None, function: Function) -> Value:
    """A parameter of a function that nobody is known to call: its default says something, if it has one."""
    value = _stranger(engine, argument, function)
    if default is None or argument.annotation is not None:
        return value
    given = engine.evaluate(default, function.scope)
    return value if given == Const(None) else join([given, value])


def _passed(value: Value, name: str) -> Value:
    """Notes on a frame's trail that it was passed to a function."""
    return replace(value, trail=(*value.trail, f"passed to {name}()")) if isinstance(value, Frame) else value
