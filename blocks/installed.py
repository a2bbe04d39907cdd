"""Problems that are installed, found by name through the entry points of the group `setpoint.problems`."""

from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import cast

from blocks.errors import SpecError
from blocks.problem import Problem
from blocks.user_strategy import UserStrategy

GROUP = "setpoint.problems"


def problem_names() -> list[str]:
    """Names of the installed problems."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def load_problem(name: str, strategies: Sequence[UserStrategy] = ()) -> Problem:
    """The installed problem of that name, with the user's own strategies where there are any.

    Raises:
        SpecError: No installed package offers it, or a strategy cannot be used.
    """
    for entry in entry_points(group=GROUP, name=name):
        problem = cast(Problem, entry.load()())
        return problem.extended(strategies) if strategies else problem
    raise SpecError(f"problem: must be one of {', '.join(problem_names())}, but got {name!r}")
