"""What a value holds, at any depth of containers: frames, labels, and objects that lead to frames."""

from collections.abc import Iterator

from agent.guard.contract import HOLDS
from agent.guard.values import Bag, Bound, Either, Frame, Items, Label, Mapping, Method, Source, Value


def frames_in(value: Value) -> Iterator[Frame | Label]:
    """Frames and labels in a value, at any depth of containers."""
    if isinstance(value, Frame | Label):
        yield value
    elif isinstance(value, Either):
        for choice in value.choices:
            yield from frames_in(choice)
    elif isinstance(value, Items):
        for item in value.items:
            yield from frames_in(item)
    elif isinstance(value, Bag):
        yield from frames_in(value.item)
    elif isinstance(value, Mapping):
        for _, item in value.entries:
            yield from frames_in(item)
    elif isinstance(value, Method):
        yield from frames_in(value.owner)
    elif isinstance(value, Bound):
        for item in (value.function, *value.args, *(one for _, one in value.keywords)):
            yield from frames_in(item)


def sources_in(value: Value) -> Iterator[Source]:
    """Objects that lead to frames, at any depth of containers."""
    if isinstance(value, Source):
        if HOLDS.get(value.kind):
            yield value
    elif isinstance(value, Either):
        for choice in value.choices:
            yield from sources_in(choice)
    elif isinstance(value, Items):
        for item in value.items:
            yield from sources_in(item)
    elif isinstance(value, Bag):
        yield from sources_in(value.item)
    elif isinstance(value, Mapping):
        for _, item in value.entries:
            yield from sources_in(item)
