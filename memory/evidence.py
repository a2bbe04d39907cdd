"""Comparisons that isolate one change, kept up to date as runs end.

Two slots are a pair where they differ in one hyperparameter or in one strategy (whose own options count as
part of it) and were trained on the same data. What a new run costs does not depend on how many there are.
"""

from collections.abc import Sequence

from blocks.run import Run
from memory.changes import Named, Number, Strategy, Values
from memory.comparison import Comparison
from memory.samples import Sample, Samples


class Evidence:
    """Everything that isolated pairs say, grouped by the change that they make.

    Args:
        objective: The metric that is compared.
        numbers: Hyperparameters whose order means something. Values of others (per slot, categorical) are
            compared two by two; of a number, neighbours in the same surroundings are compared, lower with
            higher, so that no run is counted for several steps.
    """

    def __init__(self, objective: str, numbers: frozenset[str]) -> None:
        self.samples = Samples(objective)
        self._numbers = numbers
        self._of_value: dict[str, Values] = {}
        self._of_strategy: dict[str, Strategy] = {}

    def add(self, run: Run) -> None:
        """Takes in a run that has ended."""
        before, after = self.samples.take(run)
        if after is None or before is after:
            return
        for name in after.strategies - self._of_strategy.keys():
            self._open_strategy(name, without=after)
        for name in after.values.keys() - self._of_value.keys():
            self._open_value(name, without=after)
        changes: Sequence[Values | Strategy] = (*self._of_value.values(), *self._of_strategy.values())
        for change in changes:
            if before is not None:
                change.remove(before)
            change.insert(after)

    def comparisons(self) -> list[Comparison]:
        """Comparisons of strategies, then of hyperparameters, by name."""
        found = [made for _, change in sorted(self._of_strategy.items()) for made in change.comparisons()]
        return found + [made for _, change in sorted(self._of_value.items()) for made in change.comparisons()]

    def _open_strategy(self, name: str, *, without: Sample) -> None:
        self._of_strategy[name] = Strategy(name)
        for sample in self.samples:
            if sample is not without:
                self._of_strategy[name].insert(sample)
        # Its options said something without it as well, as long as nobody knew that it owns them.
        for option in [known for known in self._of_value if known.startswith(f"{name}.")]:
            self._open_value(option, without=without)

    def _open_value(self, name: str, *, without: Sample) -> None:
        owner = name.split(".")[0] if "." in name else ""
        made = Number if name in self._numbers else Named
        self._of_value[name] = made(name, owner if owner in self._of_strategy else "")
        for sample in self.samples:
            if sample is not without:
                self._of_value[name].insert(sample)
