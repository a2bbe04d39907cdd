"""Calls of tensor operations on frames, and of what cannot be followed at all."""

import ast

from agent.guard import containers, operations, special
from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.contents import frames_in, sources_in
from agent.guard.engine import Engine
from agent.guard.operation_names import ELEMENTS, JOINS, MOVES, PICKS, PRODUCTS, SHAPES, TURNS, WHOLE_NUMBERS
from agent.guard.values import (
    COMPUTED,
    CUT,
    INDICES,
    UNKNOWN,
    Bag,
    Const,
    Cut,
    Frame,
    Indices,
    Instance,
    Items,
    Label,
    Mapping,
    Source,
    Stranger,
    Value,
    choices,
    join,
)

FOLLOW = "Keep the frame whole in this module, or pass batch.concentration instead."


def operate(
    engine: Engine,
    node: ast.AST,
    frame: Frame,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    module: str = "",
) -> Value:
    """A tensor operation on a frame, for each alternative of its arguments."""
    for place, arg in enumerate(args):
        if len(list(choices(arg))) > 1:
            variants = [[*args[:place], one, *args[place + 1 :]] for one in choices(arg)]
            return join([operate(engine, node, frame, name, one, keywords, module) for one in variants])
    outcome = operations.call(frame, name, args, keywords, module)
    if outcome is None:
        outcome = undecidable(f"calls .{name} on a frame, which the guard does not know", FOLLOW)
    engine.report(node, outcome, frame.trail)
    return outcome.value


def function(
    engine: Engine, node: ast.AST, top: str, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A function of a tensor library."""
    first = args[0] if args else keywords.get("input", keywords.get("a", UNKNOWN))
    rest = {key: value for key, value in keywords.items() if args or key not in ("input", "a")}
    if name in JOINS and (frames := firm_frames(first)):
        along = keywords.get("dim", keywords.get("axis", args[1] if len(args) > 1 else Const(0)))
        outcome = operations.joined(name, containers.known_items(first), frames, along)
        if "out" in keywords:
            outcome = undecidable("writes a frame into another tensor", FOLLOW)
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if name == "einsum" and (frames := firm_frames(*args[1:])):
        outcome = operations.einsum(first, args[1:])
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if name in ELEMENTS and (frames := firm_frames(*args)) and "out" not in keywords:
        outcome = operations.mixed(
            frames[0], [one for one in (*args, *keywords.values()) if one is not frames[0]]
        )
        engine.report(node, outcome, frames[0].trail)
        return outcome.value
    if any(isinstance(one, Frame) for one in choices(first)):
        return join(
            [
                operate(engine, node, one, name, args[1:], rest, top) if isinstance(one, Frame) else COMPUTED
                for one in choices(first)
            ]
        )
    if name in PRODUCTS and len(args) == 2 and isinstance(args[1], Frame):
        outcome = operations.matmul(args[0], args[1])
        engine.report(node, outcome, args[1].trail)
        return outcome.value
    if top == "copy" and isinstance(first, Source | Instance | Items | Bag | Mapping):
        return first
    unfollowed(engine, node, args, keywords)
    if isinstance(first, Stranger) and name in (*MOVES, *ELEMENTS, *TURNS, *SHAPES):
        return first
    if isinstance(first, Cut) and name in (*MOVES, *SHAPES, *TURNS, *PICKS):
        return CUT
    return INDICES if name in WHOLE_NUMBERS or (name in MOVES and _is_whole(first)) else COMPUTED


def _is_whole(value: Value) -> bool:
    return all(
        isinstance(part, Indices)
        or (isinstance(part, Const) and isinstance(part.value, int) and not isinstance(part.value, bool))
        for part in (
            [one for item in value.items for one in choices(item)] if isinstance(value, Items) else [value]
        )
    )


def firm_frames(*values: Value) -> list[Frame]:
    """Frames with the label in the values, at any depth."""
    found = [one for value in values for one in frames_in(value)]
    return [one for one in found if isinstance(one, Frame) and one.holds_label]


def unfollowed(engine: Engine, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A call of something that cannot be read: no frame may go there, and nothing that leads to one."""
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else "an operator"
    for value in [*args, *keywords.values()]:
        for found in frames_in(value):
            outcome: Outcome | None = None
            if isinstance(found, Label):
                outcome = leak()
            elif found.holds_label:
                outcome = undecidable(f"passes a frame to {called}(), which the guard cannot follow", FOLLOW)
            if outcome:
                engine.report(node, outcome, found.trail)
        for source in sources_in(value):
            what = (
                f"passes {source.kind}, which leads to frames, to {called}(), which the guard cannot follow"
            )
            engine.report(node, undecidable(what, "Pass the concentrations that are needed."))
        is_said = any(True for _ in (*frames_in(value), *sources_in(value)))
        if not is_said and special.leads(engine, value, is_sure=True):
            what = f"passes an object that holds a frame to {called}(), which the guard cannot follow"
            engine.report(node, undecidable(what, "Pass the concentrations that are needed."))
    return UNKNOWN
