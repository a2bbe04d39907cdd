"""The words of one exploration: its hyperparameters and strategies, found in what people write.

`time step`, `time_step` and `Time-step` are one hyperparameter; `gradient accumulation (4x)` names the
strategy `accumulation`, `re-initialization` the strategy `reinitialisation`. A name is found as a whole or
not at all.
"""

import difflib
import re
from functools import cached_property
from typing import NamedTuple

from blocks.base import Value
from blocks.exploration import ExplorationSpec

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class Mention(NamedTuple):
    """A name that was found in a text, and where."""

    name: str
    start: int
    end: int


class Vocabulary:
    """Names of an exploration.

    Args:
        spec: The exploration; names of its space, of its constants and of its strategies are known.
    """

    def __init__(self, spec: ExplorationSpec) -> None:
        self.spec = spec
        self.hyperparameters = tuple(dict.fromkeys([*spec.space.names(), *spec.baseline]))
        self.strategies = (*spec.strategies.baseline, *spec.strategies.open)

    def resolve(self, text: str) -> str | None:
        """The name that a piece of text is, spelled in whatever way; None where it is none."""
        wanted = _bare(text)
        for name in (*self.hyperparameters, *self.strategies):
            if _bare(name) == wanted:
                return name
        return None

    def mentions(self, text: str) -> list[Mention]:
        """Names in a text, in their order; of two that overlap the longer one."""
        found = [
            Mention(name, match.start(), match.end())
            for name, pattern in self._patterns
            for match in pattern.finditer(text)
        ]
        found.sort(key=lambda one: (one.start, -one.end))
        kept: list[Mention] = []
        for one in found:
            if not kept or one.start >= kept[-1].end:
                kept.append(one)
        return kept

    def nearest(self, text: str) -> str:
        """`; did you mean time_step?`, or the names that there are."""
        names = [*self.hyperparameters, *self.strategies]
        near = difflib.get_close_matches(text.strip().lower().replace(" ", "_"), names, n=1)
        if near:
            return f"did you mean {near[0]}?"
        return f"known: {', '.join(names)}"

    @cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(name, _pattern(name)) for name in (*self.hyperparameters, *self.strategies)]


def read_value(text: str) -> Value:
    """A value as people write it: 32, 1E-3, on, 10x, or a word."""
    bare = text.strip().strip("`'\"").rstrip(".,;")
    if bare.lower() in ("true", "on", "yes"):
        return True
    if bare.lower() in ("false", "off", "no"):
        return False
    number = bare[:-1] if bare[-1:] in ("x", "X") else bare
    if not _NUMBER.fullmatch(number):
        return bare
    return int(number) if re.fullmatch(r"[-+]?\d+", number) else float(number)


def same_value(a: Value, b: Value) -> bool:
    """Whether two values are one: 10 and 10.0 are, 1 and true are not."""
    if isinstance(a, bool) or isinstance(b, bool) or isinstance(a, str) or isinstance(b, str):
        return type(a) is type(b) and a == b
    return float(a) == float(b)


def _bare(text: str) -> str:
    """A name without its spelling: no case, no joints, British s for z."""
    return re.sub(r"[\s_-]+", "", text.strip().strip("`'\"").lower()).replace("z", "s")


def _pattern(name: str) -> re.Pattern[str]:
    """The name with any joint between its words, and joints that its own spelling leaves out."""
    words = re.split(r"[_]", name)
    parts = []
    for word in words:
        escaped = re.escape(word).replace("s", "[sz]").replace("z", "[sz]").replace("[s[sz]]", "[sz]")
        # re-initialisation is reinitialisation
        parts.append(re.sub(r"^re(?=i)", "re-?", escaped))
    joined = r"[\s_-]+".join(parts)
    return re.compile(rf"(?<![\w.]){joined}(?![\w]|\.\w)", re.IGNORECASE)
