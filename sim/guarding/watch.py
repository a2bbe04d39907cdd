"""What is known of labels while code is watched, and the error that names whoever uses one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from jaxtyping import Float64, Shaped
from torch import Tensor
from torch.utils._python_dispatch import _disable_current_modes

from blocks.errors import LabelLeakError
from sim.guarding.calls import tensors_in
from sim.guarding.places import Place, users_place
from sim.guarding.shadow import Shadows

LABEL: Final = 6
"""Column of a frame that holds the label, or NaN in its place."""


@contextmanager
def unwatched() -> Iterator[None]:
    """For what the watch itself does with tensors."""
    with _disable_current_modes(), torch._C.DisableTorchFunction():
        yield


class Watch:
    """One stretch of watched code."""

    def __init__(self) -> None:
        self.shadows = Shadows()

    def guard(self, frames: Float64[Tensor, "*axes 8"], column: int = LABEL) -> None:
        """Marks the label column of frames."""
        with unwatched():
            mask = torch.zeros(frames.shape[-1], dtype=torch.bool)
            mask[column] = True
            self.shadows.write(frames, mask)

    def has_label(self, tensor: Shaped[Tensor, "..."]) -> bool:
        """Whether any element of a tensor is a label, or comes from one."""
        with unwatched():
            return self.shadows.holds(tensor) and bool(self.shadows.mask(tensor).any())

    def refuse(self, value: Any, did: str, place: Place | None = None) -> None:
        """Raises where a tensor in `value` comes from a label.

        Args:
            value: A tensor, or containers of some.
            did: What it would be used for, in words.
            place: What to name where nobody knows where the label was picked.

        Raises:
            LabelLeakError: It does.
        """
        for tensor in tensors_in(value):
            if self.has_label(tensor):
                raise self.leak(tensor, did, place)

    def leak(
        self, tensor: Shaped[Tensor, "..."] | None, did: str, place: Place | None = None
    ) -> LabelLeakError:
        """The error that names the line where the label in a tensor was picked, or else the current one."""
        if tensor is not None:
            with unwatched():
                place = self.shadows.place(tensor) or place
        return LabelLeakError(
            f"The label column must not be read while training, but {place or users_place()} {did} "
            f"(column {LABEL} of 8, the metabolite type). Use `batch.data.concentration`, or compute this in "
            "an evaluation metric, where labels are open."
        )

    def leak_with(self, did: str, place: Place | None) -> LabelLeakError:
        """The error of numbers that have left torch."""
        return self.leak(None, did, place)
