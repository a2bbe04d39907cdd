"""Ways to read the answer key, and look-alikes that do not: what every layer of the guard is held against.

A snippet is Python source that defines `hint(batch)` and whatever that needs. `batch.frames` is a float64
tensor (replicate, window, metabolite, 8), `batch.data.frames` one of (frame, metabolite, 8); columns are
those of sim/dataset.py, and there are at least nine metabolites. A leak's hint depends on the labels or the
true parameters, a clean one's does not; a proxy's hint depends on what may give the types away.
`strategy.module_of` makes a trainable strategy of a snippet, `world.workspace_with` the disk of a launch.
"""

from importlib.util import find_spec

from tests.agent.guard.corpus import (
    alias,
    computed,
    containers,
    direct,
    files_configuration,
    interprocedural,
    numpy_pandas,
    proxy,
    reductions,
    reflective,
    slices,
    special,
    state,
    view,
)

_FAMILIES = {
    "direct": direct,
    "alias": alias,
    "view": view,
    "slice": slices,
    "computed": computed,
    "container": containers,
    "interprocedural": interprocedural,
    "numpy_pandas": numpy_pandas,
    "reductions": reductions,
    "reflective": reflective,
    "state": state,
    "special": special,
    "files_configuration": files_configuration,
    "proxy": proxy,
}

LEAKS: dict[str, dict[str, str]] = {name: dict(family.LEAKS) for name, family in _FAMILIES.items()}
"""Leaking snippets by family and name."""

CLEAN: dict[str, dict[str, str]] = {name: dict(family.CLEAN) for name, family in _FAMILIES.items()}
"""Look-alikes by the family that they look like, and name."""


def can_run(snippet: str) -> bool:
    """Whether the libraries are there that a snippet imports; pandas is none that Setpoint needs."""
    return "import pandas" not in snippet or find_spec("pandas") is not None
