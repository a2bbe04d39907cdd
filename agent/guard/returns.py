"""What functions give back to callers that the guard does not see: frames, and ways to them."""

import ast

from agent.guard import special
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in
from agent.guard.contract import N_COLUMNS
from agent.guard.engine import Engine, Scope
from agent.guard.values import Frame, Function, Value


def to_anybody(engine: Engine, function: Function, returned: Value) -> None:
    """Of a function that nobody is known to call: what it returns may go anywhere."""
    if _is_handed_on(function) and special.leads(engine, returned, is_sure=True):
        what = "gives back a way to frames to a caller that the guard does not know"
        engine.report(function.node, undecidable(what, "Call the function by its name."))
    cut = [one for one in frames_in(returned) if isinstance(one, Frame) and len(one.columns) < N_COLUMNS]
    name = getattr(function.node, "name", "_")
    if any(one.holds_label for one in cut) and not name.startswith("_"):
        what = "returns columns that include the label"
        engine.report(function.node, undecidable(what, "Return only the columns that are needed."))


def by_python(engine: Engine, function: Function, value: Value, scope: Scope) -> None:
    """Of a function that Python calls by itself, or of a generator, whose end an exception carries.

    Args:
        engine: The interpreter.
        function: What was run.
        value: What it gave.
        scope: Its names, and what it returned.
    """
    if special.escapes(engine, function, value):
        what = f"gives back a way to frames from {getattr(function.node, 'name', '')}, which Python calls"
        engine.report(function.node, undecidable(what, "Give the method a name, and call it by that."))
    if any(special.leads(engine, one) for one in scope.returned) and _is_generator(function.node):
        what = "gives back a way to frames at the end of a generator, which an exception carries"
        engine.report(function.node, undecidable(what, "Yield it, or return it from a function."))


def _is_handed_on(function: Function) -> bool:
    """Whether it is a lambda or a function within a function, which only a library can have called."""
    if isinstance(function.node, ast.Lambda):
        return True
    return function.owner is None and function.scope.parent is not None


def _is_generator(node: ast.AST) -> bool:
    """Whether a `yield` stands anywhere in a function, reached or not: then it is a generator."""
    return any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node))
