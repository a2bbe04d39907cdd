"""Comparisons that isolate one change, kept up to date as runs end, and looked at when blocks do.

Two slots are a pair where they differ in one hyperparameter or in one strategy (whose own options count as
part of it) and were trained on the same data. What a new run costs does not depend on how many there are.
A run that could have been stopped early for how it did stands in no comparison, whether it was or not.
"""

from collections.abc import Iterator

from memory.changes import Named, Number, Values
from memory.codes import Codes
from memory.comparison import Comparison
from memory.corners import Corners
from memory.crossings import Crossings
from memory.ended import Ended
from memory.failures import Endings
from memory.fates import fates
from memory.measured import Looked, Measured
from memory.moving import AT_LEAST, Verdict, moves_for_good
from memory.samples import Sample, Samples
from memory.switches import Strategy, StrategyWithOptions
from memory.tried import About, Tried, tried
from memory.verdicts import Verdicts


class Evidence:
    """Everything that isolated pairs say, grouped by the change that they make.

    Args:
        objective: The metric that is compared.
        numbers: Hyperparameters whose order means something. Values of others (per slot, categorical) are
            compared two by two; of a number, neighbours in the same surroundings are compared, lower with
            higher, so that no run is counted for several steps.
        middles: The middle of each number's range.
        logs: Numbers on a logarithmic scale.
    """

    def __init__(
        self,
        objective: str,
        numbers: frozenset[str],
        middles: frozenset[tuple[str, float]] = frozenset(),
        logs: frozenset[str] = frozenset(),
    ) -> None:
        self._codes = Codes()
        self.samples = Samples(objective, self._codes)
        self.endings = Endings(numbers, self._codes)
        self._objective = objective
        self._numbers = numbers
        self._middles = dict(middles)
        self._logs = logs
        self._measured = Measured()
        self._verdicts = Verdicts()
        self._present: tuple[int, Verdicts] | None = None
        self._asked: tuple[int, list[Tried], Looked] | None = None
        self._block = self._n_ended = self._n_looked = 0
        self._of_value: dict[str, Values] = {}
        self._of_strategy: dict[str, Strategy] = {}
        self._changes: list[Values | Strategy] = []
        self._switches: list[tuple[int, Strategy]] = []  # those without options, with their codes
        self._crossings = Crossings(self._codes)
        self._corners = Corners()

    def add(self, ended: Ended) -> None:
        """Takes in a run that has ended."""
        run = ended.run
        if run.block > self._block:
            if moves_for_good(self._n_ended, self._n_looked):
                if self._may_move():
                    self._verdicts = self._as_of_now(is_told=False)
                self._n_looked = self._n_ended
                self._present = None
            self._block = run.block
        self._n_ended += 1
        self.endings.add(run)
        if not run.compares:
            return
        values = ended.values_of(self._objective)
        before, after = self.samples.take(run, values)
        if after is None or before is after:
            return
        self._measured.take(after, run, values)
        if before is None:
            self._crossings.add(after)
        if not self._of_strategy.keys() >= after.strategies:
            for name in after.strategies - self._of_strategy.keys():
                self._open_strategy(name, without=after)
            self._sort_out()
        if not self._of_value.keys() >= after.values.keys():
            for name in after.values.keys() - self._of_value.keys():
                self._open_value(name, without=after)
            self._sort_out()
        for change in self._changes:
            if before is not None:
                change.remove(before)
            change.insert(after)
        whole, samples = after.coded.whole, self.samples.by_code
        for code, switch in self._switches:
            # Most samples have no other side.
            if whole ^ code in samples:
                if before is not None:
                    switch.remove(before)
                switch.insert(after)

    def verdicts(self) -> list[Verdict]:
        """What is held now; the present block counts as one that has ended."""
        found = self._verdicts if self._n_ended == self._n_looked else self._as_of_now()
        return list(found.held.values())

    def _as_of_now(self, *, is_told: bool = True) -> Verdicts:
        """Those of the last look that is kept, and one more.

        Args:
            is_told: Whether what is tentative is asked for as well.
        """
        if self._present is None or self._present[0] != self._n_ended:
            present = self._verdicts.copy()
            self._look(present, is_told=is_told)
            if not is_told:
                return present
            self._present = self._n_ended, present
        return self._present[1]

    def _may_move(self) -> bool:
        """Whether there are networks enough for a status to move; else a look would leave all as it was."""
        failed_on = {one.dataset for one in self.endings.failed}
        return max(len(self._measured.networks), len(failed_on)) >= AT_LEAST

    def contrasts(self) -> dict[About, Tried]:
        """All that can be compared now."""
        return {one.about: one for one in self._now()[0]}

    def looked(self) -> Looked:
        """The samples as a look would see them now."""
        return self._now()[1]

    @property
    def networks(self) -> list[str]:
        """Data sets that samples were trained on, oldest first."""
        return self._measured.networks

    def _whole(self) -> Iterator[Comparison]:
        for _, switch in sorted(self._of_strategy.items()):
            yield from switch.comparisons()
        for _, change in sorted(self._of_value.items()):
            yield from change.whole()

    def _tried(self) -> Iterator[Tried]:
        return tried(self._whole(), self._of_strategy, self._middles, self._logs, self._crossings)

    def _now(self) -> tuple[list[Tried], Looked]:
        """All that can be compared, and the samples."""
        if self._asked is None or self._asked[0] != self._n_ended:
            self._asked = self._n_ended, list(self._tried()), self._measured.look()
        return self._asked[1:]

    def _look(self, verdicts: Verdicts, *, is_told: bool) -> None:
        found, looked = self._now()
        failed = list(
            fates(self.endings.failed, self._of_value, self._of_strategy, self._numbers, self._corners)
        )
        verdicts.look(found, looked, failed, block=self._block, is_told=is_told)

    def comparisons(self) -> list[Comparison]:
        """Comparisons of strategies, then of hyperparameters, by name."""
        found = [made for _, change in sorted(self._of_strategy.items()) for made in change.comparisons()]
        return found + [made for _, change in sorted(self._of_value.items()) for made in change.comparisons()]

    def _sort_out(self) -> None:
        self._changes = [*self._of_value.values()]
        self._switches = []
        for switch in self._of_strategy.values():
            if isinstance(switch, StrategyWithOptions):
                self._changes.append(switch)
            else:
                self._switches.append((switch.code, switch))

    def _open_strategy(self, name: str, *, without: Sample) -> None:
        self._of_strategy[name] = Strategy(name, self._codes, self.samples.by_code)
        # Its options said something without it as well, as long as nobody knew that it owns them.
        for option in [known for known in self._of_value if known.startswith(f"{name}.")]:
            self._open_value(option, without=without)

    def _open_value(self, name: str, *, without: Sample) -> None:
        owner = name.split(".")[0] if "." in name else ""
        made = Number if name in self._numbers else Named
        owned = owner in self._of_strategy
        self._of_value[name] = made(name, owner if owned else "")
        new: list[Values | Strategy] = [self._of_value[name]]
        if owned and not isinstance(self._of_strategy[owner], StrategyWithOptions):
            self._of_strategy[owner] = StrategyWithOptions(owner, self._codes, self.samples.by_code)
            new.append(self._of_strategy[owner])
        for sample in self.samples:
            if sample is not without:
                for change in new:
                    change.insert(sample)
