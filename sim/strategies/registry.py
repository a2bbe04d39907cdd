"""Every strategy that ships with Setpoint, by name."""

import difflib
from collections.abc import Mapping

from blocks.errors import SpecError
from sim.strategies.accumulation import Accumulation
from sim.strategies.amplification import Amplification
from sim.strategies.base import Strategy
from sim.strategies.clipping import Clipping
from sim.strategies.contrastive import Contrastive
from sim.strategies.cosine_restarts import CosineRestarts
from sim.strategies.curriculum import Curriculum
from sim.strategies.fitted_embeddings import FittedEmbeddings
from sim.strategies.isolation import Isolation
from sim.strategies.joint_refinement import JointRefinement
from sim.strategies.multi_scale import MultiScale
from sim.strategies.multiple_shooting import MultipleShooting
from sim.strategies.offset_penalty import OffsetPenalty
from sim.strategies.reinitialisation import Reinitialisation
from sim.strategies.residual import Residual
from sim.strategies.rollout import Rollout
from sim.strategies.warm_up import WarmUp
from sim.strategies.weak_form import WeakForm

_SHIPPED: tuple[type[Strategy], ...] = (
    Accumulation,
    Amplification,
    Clipping,
    Contrastive,
    CosineRestarts,
    Curriculum,
    FittedEmbeddings,
    Isolation,
    JointRefinement,
    MultiScale,
    MultipleShooting,
    OffsetPenalty,
    Reinitialisation,
    Residual,
    Rollout,
    WarmUp,
    WeakForm,
)


def catalog() -> dict[str, type[Strategy]]:
    """All strategies by name, in the order in which hooks run."""
    return {strategy.name: strategy for strategy in _SHIPPED}


def strategy_named(name: str, known: Mapping[str, type[Strategy]]) -> type[Strategy]:
    """The strategy of that name among those that are known.

    Raises:
        SpecError: There is none.
    """
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SpecError(f"strategies: must be among {', '.join(known)}, but got {name!r}{hint}")
    return known[name]
