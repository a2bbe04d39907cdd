"""A range that a figure must lie in, in numbers and in words."""

from blocks.base import Frozen


class Target(Frozen):
    """A range that a metric's median over replicates must lie in."""

    metric: str
    """A metric's name; `<type>` in it stands for every metabolite type, all of which must comply."""

    label: str
    low: float | None = None
    high: float | None = None
    below: bool = False
    """Whether `high` itself is too much: `under 15 s`."""

    def met_by(self, value: float | None) -> bool:
        """Whether a value complies; a missing one does not."""
        if value is None or (self.low is not None and value < self.low):
            return False
        return self.high is None or (value < self.high if self.below else value <= self.high)

    @property
    def wanted(self) -> str:
        """The range in words: `>= 0.9999`, `0.98 .. 1.02`, `< 15 s`."""
        unit = " s" if self.metric.endswith("_s") else ""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} .. {self.high:g}{unit}"
        if self.low is not None:
            return f">= {self.low:g}{unit}"
        return f"{'<' if self.below else '<='} {self.high:g}{unit}"
