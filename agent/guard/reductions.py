"""Operations along an axis of a frame: clean along all axes but that of the columns."""

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace

from agent.guard.columns import Outcome, leak, undecidable
from agent.guard.operation_names import PAIRS
from agent.guard.shapes import ORDER, axes_of, from_end
from agent.guard.values import Const, Frame, Items, Value, join

_AXIS_SECOND = frozenset(
    ("norm", "vector_norm", "quantile", "nanquantile", "percentile", "diff", "topk", "kthvalue")
)
"""Take something else as their first argument, and the axis as their second."""

_LAST_BY_DEFAULT = frozenset(("sort", "argsort", "diff", "topk", "kthvalue"))


def reduced(
    frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value], module: str
) -> Outcome:
    """A reduction: clean over other axes, a leak over the columns or over everything."""
    given = _axis(name, args, keywords)
    if given is None or given == Const(None):
        return leak("reduces over the label column")
    axes, place = axes_of(frame, given), from_end(frame)
    if axes is None or place is None:
        return undecidable("reduces over an axis that is not a constant", ORDER)
    if frame.axis in axes:
        return leak("reduces over the label column")
    keeps = keywords.get("keepdim", keywords.get("keepdims", Const(False)))
    is_plain = len(args) <= 1 + (name in _AXIS_SECOND) and isinstance(keeps, Const) and frame.rank is not None
    if is_plain and name not in ("quantile", "nanquantile", "percentile") and frame.axis is not None:
        gone = 0 if keeps == Const(True) else 1
        assert frame.rank is not None
        before = sum(axis < frame.axis for axis in axes) * gone
        value = replace(frame, rank=frame.rank - len(axes) * gone, axis=frame.axis - before)
    elif frame.axis is not None and max(axes) < frame.axis:
        value = replace(frame, rank=None, axis=place)
    else:
        value = replace(frame, rank=None, axis=None)
    return Outcome(_paired(value, name, module))


def mixing(
    frame: Frame, name: str, args: list[Value], keywords: AbstractMapping[str, Value], module: str
) -> Outcome:
    """A cumulative sum, an order, a difference: clean along other axes."""
    given = _axis(name, args, keywords) or (Const(-1) if name in _LAST_BY_DEFAULT else None)
    if given is None or given == Const(None):
        return leak("mixes the label column into other columns")
    axes = axes_of(frame, given)
    if axes is None or frame.axis is None:
        return undecidable("mixes along an axis that is not a constant", ORDER)
    if frame.axis in axes:
        return leak("mixes the label column into other columns")
    return Outcome(_paired(frame, name, module))


def _axis(name: str, args: list[Value], keywords: AbstractMapping[str, Value]) -> Value | None:
    place = int(name in _AXIS_SECOND)
    return keywords.get("dim", keywords.get("axis", args[place] if len(args) > place else None))


def _paired(frame: Frame, name: str, module: str) -> Value:
    """What torch gives as values and indices, and numpy as one array."""
    if name not in PAIRS or module == "numpy":
        return frame
    return join([frame, Items((frame, frame))])
