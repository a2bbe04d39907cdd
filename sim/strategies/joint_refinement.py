"""Joint refinement: the reaction model is fitted on, beside a stand-in for MLP_node."""

from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from blocks.problem import Report
from sim.dataset import Trajectory
from sim.reaction.fit import ReactionFit
from sim.reaction.model import ReactionModel
from sim.reaction.settings import FoundationSettings
from sim.strategies.base import Strategy


class JointRefinement(Strategy):
    """For a poor reaction model: most of its residual is its own error, which no MLP_node can tell apart.

    Responses and rate constants go on from where the frozen model stopped, by variable projection, while
    each metabolite's regulation is solved for along with them, as a function of its own concentration.
    What remains is MLP_node's to learn. All replicates share the refined model; it is kept with the run.
    """

    class Options(Frozen):
        max_iterations: Annotated[int, Field(ge=1, le=1000, description="Most Gauss-Newton steps.")] = 40

    name: ClassVar[str] = "joint_refinement"
    summary: ClassVar[str] = "goes on with the reaction model, regulation being solved for along with it"
    reference: ClassVar[str] = (
        "Golub & Pereyra 2003, Separable nonlinear least squares: the variable projection method and its "
        "applications, Inverse Problems 19:R1"
    )
    refines: ClassVar[bool] = True
    options: Options

    def refine(self, model: ReactionModel, trajectory: Trajectory, report: Report) -> ReactionModel:
        settings = FoundationSettings(max_iterations=self.options.max_iterations)
        return ReactionFit(trajectory, settings).to_the_end(report, start=model)
