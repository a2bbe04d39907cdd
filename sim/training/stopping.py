"""Looks at the progress of a training where its slot has a rule of early stop, and nowhere else.

Progress is the held-out gain: label-free, and the same yardstick for every strategy. A look draws no random
number and changes nothing, so a run that is not stopped has the bits that it would have without a rule.
"""

from blocks.stopping import Course, Curve, Reached, StopRule
from sim.node import NodeCohort
from sim.training.heldout import Unseen, heldout_gain

MEASURE = "held-out gain"


class Watch:
    """Measures progress after the steps that a rule names, and at the end.

    Args:
        rule: The slot's rule.
        unseen: The held-out frames.
        total: Optimiser steps of the whole training.
    """

    def __init__(self, rule: StopRule, unseen: Unseen, total: int) -> None:
        self._rule, self._unseen, self._total = rule, unseen, total
        self._due = rule.steps(total)
        self._steps: list[int] = []
        self._reached: list[Reached] = []

    def is_due(self, step: int) -> bool:
        """Whether the training is looked at after that many steps."""
        return step in self._due or step == self._total

    def loses(self, node: NodeCohort, step: int) -> bool:
        """Looks at the training, keeps what it has reached, and says whether it is lost.

        Args:
            node: The cohort as it is now.
            step: Steps that were taken; one that is due.
        """
        reached = tuple(heldout_gain(node, self._unseen))
        # Of a short training several looks fall on one step.
        places = [place for place, due in enumerate(self._due) if due == step]
        looks = len(places) + (step == self._total)
        self._steps += [step] * looks
        self._reached += [reached] * looks
        return step < self._total and any(self._rule.loses(place, reached) for place in places)

    def course(self, steps: int) -> Course:
        """How far the training went.

        Args:
            steps: Steps that were taken.
        """
        curve = Curve(measure=MEASURE, steps=tuple(self._steps), reached=tuple(self._reached))
        return Course(steps=steps, planned=self._total, curve=curve)
