"""What a value holds, at any depth of containers: frames, labels, and objects that lead to frames."""

from collections.abc import Iterator, Sequence

from agent.guard.contract import HOLDS
from agent.guard.values import Bag, Bound, Either, Frame, Items, Label, Mapping, Method, Source, Value


def frames_in(value: Value) -> Iterator[Frame | Label]:
    """Frames and labels in a value, at any depth of containers."""
    if isinstance(value, Frame | Label):
        yield value
        return
    held = _held_by(value)
    if isinstance(value, Method):
        held = [value.owner]
    elif isinstance(value, Bound):
        held = [value.function, *value.args, *(one for _, one in value.keywords)]
    for item in held:
        yield from frames_in(item)


def sources_in(value: Value) -> Iterator[Source]:
    """Objects that lead to frames, at any depth of containers."""
    if isinstance(value, Source) and HOLDS.get(value.kind):
        yield value
    for item in _held_by(value):
        yield from sources_in(item)


def _held_by(value: Value) -> Sequence[Value]:
    """What a container holds, or a choice may be; nothing for other values."""
    if isinstance(value, Either):
        return tuple(value.choices)
    if isinstance(value, Items):
        return tuple(value.items)
    if isinstance(value, Bag):
        return (value.item,)
    if isinstance(value, Mapping):
        return tuple(item for _, item in value.entries)
    return ()
