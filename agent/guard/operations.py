"""What tensor operations do to the columns of a frame: move them, mix them, or pick from them.

A method of a frame and the function of the same name in torch or numpy are one operation; where the two
libraries differ, what cannot be told apart counts as undecidable. Moving a frame whole is clean, and so is
what treats each position alone; mixing the label into something else is a use.
"""

from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import replace

from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.contents import frames_in
from agent.guard.operation_names import (
    ELEMENTS,
    MIXES,
    MOVES,
    PICKS,
    PRODUCTS,
    REDUCES,
    SHAPE_READS,
    SHAPES,
    TURNS,
    USES_ALL,
)
from agent.guard.picks import picked
from agent.guard.reductions import mixing, reduced
from agent.guard.shapes import ORDER, axes_of, from_end, reshaped, shape
from agent.guard.turns import turned
from agent.guard.values import CUT, NUMBER, Const, Frame, Label, Number, Symbol, Value

Keywords = AbstractMapping[str, Value]


def call(frame: Frame, name: str, args: list[Value], keywords: Keywords, module: str = "") -> Outcome | None:
    """`frame.name(*args)` or `module.name(frame, *args)`; None where the operation is not known."""
    if name in SHAPE_READS:
        return Outcome(shape(frame) if name in ("size", "shape") and not args else NUMBER)
    if not frame.holds_label:
        return Outcome(CUT)
    if "out" in keywords and name != "deepcopy":
        return undecidable("writes a frame into another tensor", "Bind the result to a name instead.")
    if name in MOVES:
        return Outcome(frame)
    if name in ELEMENTS:
        outcome = mixed(frame, [*args, *keywords.values()])
        if not name.endswith("_") or not isinstance(outcome.value, Frame):
            return outcome
        changes = outcome.value.columns != frame.columns
        return leak("mixes the label column into other columns") if changes else Outcome(frame)
    if name in USES_ALL:
        return leak("mixes the label column into other columns")
    for names, operation in ((REDUCES, reduced), (MIXES, mixing), (PICKS, picked), (SHAPES, reshaped)):
        if name in names:
            if name not in ("__getitem__", "expand_as") and any(True for one in args for _ in frames_in(one)):
                return undecidable("computes with two frames", ORDER)
            return operation(frame, name, args, keywords, module)
    if name in PRODUCTS:
        return matmul(frame, args[0]) if len(args) == 1 else None
    return turned(frame, name, args, keywords, module) if name in TURNS else None


def mixed(frame: Frame, others: Sequence[Value]) -> Outcome:
    """Element by element with other values: positions keep their columns, or share them."""
    columns, rank, place = frame.columns, frame.rank, from_end(frame)
    for value in others:
        found = list(frames_in(value))
        if not found and not _is_scalar(value):
            rank = None  # the other one may have more axes
        for other in found:
            if isinstance(other, Label):
                return leak()
            if not other.holds_label:
                rank = None
                continue
            if len(other.columns) != len(columns) or place is None or place != from_end(other):
                return leak("mixes the label column into other columns")
            rank = rank if rank == other.rank else None
            columns = tuple(mine | theirs for mine, theirs in zip(columns, other.columns, strict=True))
    if rank is None:
        return Outcome(replace(frame, columns=columns, rank=None, axis=place))
    return Outcome(replace(frame, columns=columns))


def _is_scalar(value: Value) -> bool:
    if isinstance(value, Const):
        return not isinstance(value.value, tuple | range)
    return type(value) is Number or isinstance(value, Symbol)


def matmul(left: Value, right: Value) -> Outcome:
    """A matrix product: clean where it sums over metabolites, a leak where it sums over columns."""
    both = isinstance(left, Frame) and isinstance(right, Frame)
    frame = left if isinstance(left, Frame) else right
    assert isinstance(frame, Frame)
    if not frame.holds_label:
        return Outcome(CUT)
    place = from_end(frame)
    if both or place is None or any(True for _ in frames_in(left if frame is right else right)):
        return leak("multiplies by the label column")
    if frame is right and place == -1 and frame.rank is not None and frame.rank > 1:
        return Outcome(replace(frame, rank=None, axis=-1))
    if frame is left and place < -1:
        return Outcome(replace(frame, rank=None, axis=None))
    return leak("multiplies by the label column")


def joined(name: str, items: list[Value] | None, frames: list[Frame], along: Value) -> Outcome:
    """`cat` and `stack`: clean along other axes, and where frames of one shape meet.

    Args:
        name: Of the operation.
        items: What is joined, one by one, where that is known.
        frames: The frames among it, at any depth.
        along: The axis.
    """
    first = frames[0]
    ranks = {(one.rank, one.axis, len(one.columns)) for one in frames}
    is_even = len(ranks) == 1 and first.axis is not None
    columns = tuple(
        frozenset().union(*parts) for parts in zip(*(one.columns for one in frames), strict=False)
    )
    if name in ("vstack", "row_stack"):
        name, along = ("stack" if first.rank == 1 else "concat"), Const(0)
        is_even = is_even and first.rank is not None
    if not is_even:
        return undecidable("joins frames whose columns do not lie alike", ORDER)
    assert first.axis is not None
    if name == "stack":
        if first.rank is None or not isinstance(along, Const) or not isinstance(along.value, int):
            return undecidable("stacks frames along an axis that is not known", "Stack frames along axis 0.")
        place = along.value % (first.rank + 1)
        axis = first.axis + (place <= first.axis)
        return Outcome(replace(first, columns=columns, rank=first.rank + 1, axis=axis))
    axes = axes_of(first, along)
    if axes is None:
        return undecidable("joins frames along an axis that is not a constant", ORDER)
    if first.axis not in axes:
        return Outcome(replace(first, columns=columns))
    if items is None or not all(isinstance(one, Frame) for one in items):
        return undecidable("joins columns to a frame", "Join them to the concentration instead.")
    return Outcome(replace(first, columns=tuple(column for one in frames for column in one.columns)))


def einsum(spelled: Value, operands: list[Value]) -> Outcome:
    """`einsum(spelled, *operands)`: clean where the columns stay an axis of the result."""
    frames = [one for one in operands if isinstance(one, Frame)]
    text = (
        spelled.value.replace(" ", "")
        if isinstance(spelled, Const) and isinstance(spelled.value, str)
        else ""
    )
    terms, arrow, result = text.partition("->")
    parts = terms.split(",")
    if len(frames) != 1 or not arrow or "." in text or len(parts) != len(operands):
        return undecidable("multiplies a frame by an einsum that the guard does not follow", ORDER)
    term, frame = parts[operands.index(frames[0])], frames[0]
    place = from_end(frame)
    if (
        place is None
        or len(term) < -place
        or len(set(term)) != len(term)
        or len(term) != (frame.rank or len(term))
    ):
        return undecidable("multiplies a frame by an einsum that the guard does not follow", ORDER)
    letter = term[place]
    if letter not in result:
        return leak("multiplies by the label column")
    return Outcome(replace(frame, rank=len(result), axis=result.index(letter)))
