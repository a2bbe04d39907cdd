"""The runtime layer on the corpus: the loss of each snippet, once, in a batch whose labels are marked."""

import linecache
from pathlib import Path
from typing import Any, Final

from benchmarks.guard.cases import Case, Said
from benchmarks.guard.worlds import Worlds, inside
from blocks.errors import LabelLeakError
from sim.guarding.watching import watching

FILE: Final = "theirs.py"


class Watched:
    """Snippets, run as the loss of a strategy that is watched."""

    def __init__(self, root: Path) -> None:
        self._worlds, self._root = Worlds(root), root

    def error(self, case: Case) -> Exception | None:
        """What the layer raises at the snippet, whose file it finds as `theirs.py`."""
        source, file = case.source, str(self._root / FILE)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        batch, names = self._worlds.batch("some"), {"__name__": "snippet"}
        try:
            with inside(self._worlds.runs["some"]):
                exec(compile(source, file, "exec"), names)
                strategy: Any = names["Snippet"]
                with watching() as watch:
                    watch.guard(batch.data.frames)
                    watch.guard(batch.frames)
                    watch.refuse(strategy().loss(batch), "puts it into the loss")
        except Exception as error:
            return error
        return None

    def said(self, case: Case) -> Said:
        """The verdict."""
        error = self.error(case)
        if isinstance(error, LabelLeakError):
            return Said.LEAK
        return Said.PASSED if error is None else Said.STOPPED
