"""An operation of torch as the guard sees it: what it is called with, and where its arguments hold labels."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jaxtyping import Bool, Shaped
from torch import Tensor
from torch._ops import OpOverload

Masks = tuple[Bool[Tensor, "..."], ...]
MaskOf = Callable[[Tensor], Tensor]


class Refused(Exception):  # noqa: N818 - it is caught by `watch`, which says it to people
    """The operation uses a label."""


class Call(NamedTuple):
    """An operation on tensors some of which hold labels."""

    function: OpOverload
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    mask: MaskOf

    @property
    def name(self) -> str:
        """As `aten` has it, without overload, and without the mark of what works in place."""
        return str(self.function.overloadpacket.__name__)

    def argument(self, name: str, default: Any = None) -> Any:
        """An argument by its name in the schema."""
        for place, argument in enumerate(self.function._schema.arguments):
            if argument.name == name:
                if name in self.kwargs:
                    return self.kwargs[name]
                if place < len(self.args):
                    return self.args[place]
                return argument.default_value if argument.has_default_value() else default
        return default

    def with_masks(self, *, keep: Sequence[str] = (), drop: Sequence[str] = ()) -> Any:
        """What the operation makes of the masks.

        Args:
            keep: Arguments that say where, and stay as they are; none of them may be a label.
            drop: Arguments that a mask has no use for.
        """
        args, kwargs = list(self.args), dict(self.kwargs)
        for place, argument in enumerate(self.function._schema.arguments):
            name, given = argument.name, place < len(args)
            if not given and name not in kwargs:
                continue
            value = args[place] if given else kwargs[name]
            if name in drop:
                kwargs.pop(name, None)
                continue
            if name in keep:
                self.refuse_labels(value)
                continue
            value = self._masked(value)
            if given:
                args[place] = value
            else:
                kwargs[name] = value
        return self.function(*args, **kwargs)

    def refuse_labels(self, value: Any) -> None:
        """Raises where a tensor in `value` has a label.

        Raises:
            Refused: It has.
        """
        for tensor in tensors_in(value):
            if bool(self.mask(tensor).any()):
                raise Refused("chooses by it")

    def _masked(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.mask(value)
        if isinstance(value, (list, tuple)):
            return [self._masked(one) for one in value]
        return value


def tensors_in(value: Any) -> list[Shaped[Tensor, "..."]]:
    """The tensors among arguments, at any depth of lists and mappings."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [tensor for one in value for tensor in tensors_in(one)]
