"""What tensor operations do to the columns of a frame: move them, mix them, or pick from them.

A method of a frame and the function of the same name in torch or numpy are one operation. Moving a frame
whole is clean, and so is what treats each position alone; mixing the label into something else is a use.
"""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace

from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.operation_names import KEEPS, MIXES, PICKS, REDUCES, SHAPE_READS, SHAPES, TURNS
from agent.guard.picks import picked
from agent.guard.shapes import ORDER, axes_of, reshaped, shape, turned
from agent.guard.values import (
    COMPUTED,
    NUMBER,
    UNKNOWN,
    Const,
    Frame,
    Label,
    Value,
    frames_in,
)


def call(frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome | None:
    """`frame.name(*args)` or `torch.name(frame, *args)`; None where the operation is not known."""
    if name in SHAPE_READS:
        return Outcome(shape(frame) if name in ("size", "shape") and not args else NUMBER)
    if name in KEEPS:
        return mixed(frame, [*args, *keywords.values()])
    if name in REDUCES:
        return reduced(frame, args, keywords)
    if name in MIXES:
        return _mixing(frame, args, keywords)
    if name in TURNS:
        return turned(frame, name, args, keywords)
    if name in SHAPES:
        return reshaped(frame, name, args, keywords)
    if name in PICKS:
        return picked(frame, name, args, keywords)
    return None


def mixed(frame: Frame, others: list[Value]) -> Outcome:
    """Element by element with other values: positions keep their columns, or share them."""
    columns = frame.columns
    for other in (found for value in others for found in frames_in(value)):
        if isinstance(other, Label):
            return leak()
        if not (frame.is_firm and other.is_firm):
            continue
        from_end = [
            one.axis - one.rank if one.rank and one.axis is not None else None for one in (frame, other)
        ]
        if len(other.columns) != len(columns) or from_end[0] != from_end[1]:
            return leak("mixes the label column into other columns")
        columns = tuple(mine | theirs for mine, theirs in zip(columns, other.columns, strict=True))
    return Outcome(replace(frame, columns=columns))


def matmul(left: Value, right: Value) -> Outcome:
    """A matrix product: clean where it sums over metabolites, a leak where it sums over columns."""
    frame = left if isinstance(left, Frame) else right
    assert isinstance(frame, Frame)
    if not frame.is_firm or not frame.holds_label:
        return Outcome(UNKNOWN if not frame.is_firm else COMPUTED)
    at_end = frame.axis == -1 or (frame.rank is not None and frame.axis == frame.rank - 1)
    if frame is right and at_end and not isinstance(left, Frame) and frame.rank != 1:
        return Outcome(frame)
    return leak("multiplies by the label column")


def reduced(frame: Frame, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome:
    """A reduction: clean over other axes, a leak over the columns or over everything."""
    if not frame.is_firm or not frame.holds_label:
        return Outcome(UNKNOWN if not frame.is_firm else COMPUTED)
    given = keywords.get("dim", keywords.get("axis", args[0] if args else None))
    if given is None or given == Const(None):
        return leak("reduces over the label column")
    axes = axes_of(frame, given)
    if axes is None or frame.axis is None:
        return undecidable("reduces over an axis that is not a constant", ORDER)
    if frame.axis in axes:
        return leak("reduces over the label column")
    if keywords.get("keepdim", keywords.get("keepdims")) == Const(True) or frame.rank is None:
        return Outcome(frame)
    gone = sum(axis < frame.axis for axis in axes)
    return Outcome(replace(frame, rank=frame.rank - len(axes), axis=frame.axis - gone))


def _mixing(frame: Frame, args: list[Value], keywords: AbstractMapping[str, Value]) -> Outcome:
    if not frame.is_firm or not frame.holds_label:
        return Outcome(UNKNOWN if not frame.is_firm else COMPUTED)
    given = keywords.get("dim", keywords.get("axis", args[0] if args else Const(-1)))
    axes = axes_of(frame, given)
    if axes is None or frame.axis is None:
        return undecidable("mixes along an axis that is not a constant", ORDER)
    return leak("mixes the label column into other columns") if frame.axis in axes else Outcome(frame)


def joined(name: str, frames: list[Frame], others: list[Value], along: Value) -> Outcome:
    """`cat` and `stack`: clean along other axes, and where frames of one shape meet."""
    first = frames[0]
    if not first.is_firm:
        return Outcome(UNKNOWN)
    if name == "stack":
        if along != Const(0) or first.rank is None or first.axis is None:
            return undecidable("stacks frames along an inner axis", "Stack frames along axis 0.")
        return Outcome(replace(first, rank=first.rank + 1, axis=first.axis + 1))
    axes = axes_of(first, along)
    if axes is None or first.axis is None:
        return undecidable("joins frames along an axis that is not a constant", ORDER)
    if first.axis in axes:
        columns = tuple(column for frame in frames for column in frame.columns)
        if others:
            return undecidable("joins columns to a frame", "Join them to the concentration instead.")
        return Outcome(replace(first, columns=columns))
    return Outcome(first)
