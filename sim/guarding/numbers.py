"""A number of Python's that is a label: Python's numbers have no modes, so what is handed out is this one."""

from collections.abc import Callable
from typing import Final, NoReturn

from blocks.errors import LabelLeakError
from sim.guarding.places import Place

Leak = Callable[[str, Place | None], LabelLeakError]
"""Makes the error, of what was done in words and of where the labels were picked; None: where it runs now."""

USES: Final = "uses it"


class LabelNumber:
    """A number of Python's that is a label: it may be passed around, and that is all."""

    __slots__ = ("leak", "place", "value")

    def __init__(self, value: float, leak: Leak, place: Place | None = None) -> None:
        self.value, self.leak, self.place = value, leak, place


def _refuse(self: LabelNumber, *_: object) -> NoReturn:
    raise self.leak(USES, self.place)


for _name in (
    *("float", "int", "complex", "index", "bool", "round", "trunc", "floor", "ceil", "neg", "pos", "abs"),
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv"),
    *("mod", "rmod", "pow", "rpow", "lt", "le", "eq", "ne", "gt", "ge", "hash"),
    *("repr", "str", "format", "reduce_ex", "divmod"),
):
    setattr(LabelNumber, f"__{_name}__", _refuse)
