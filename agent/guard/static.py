"""Layer 2 of the guard: training code is read before it is run, and uses of the label are found.

The module is interpreted over a small domain (values.py): where a frame comes from, how it is renamed,
viewed, cut, passed and stored, and which columns each operation touches. What cannot be decided is refused
as well, with what would make it decidable. Functions are read where they are called, and once on their own.
"""

import ast
from collections.abc import Collection, Iterable
from pathlib import Path

from agent.guard.columns import undecidable
from agent.guard.findings import FileReport, GuardReport
from agent.guard.reader import Reader, TooInvolved
from blocks.errors import DataError

PASSES = 3
"""Times that a module is read, so that what one method stores is known to the others."""


def check_paths(paths: Iterable[Path], *, loaders: Collection[Path] = ()) -> GuardReport:
    """Checks files, and the Python files below folders.

    Args:
        paths: Files and folders; each file is checked once.
        loaders: Reviewed files among them that may read files, such as fitted parameters.

    Raises:
        DataError: A path does not exist, cannot be read, or is not Python.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files |= dict.fromkeys(sorted(path.rglob("*.py")))
        else:
            files[path] = None
    may_read = {path.resolve() for path in loaders}
    reports = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: must be UTF-8 text, but byte {error.start} is not; save it as UTF-8"
            ) from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
        reports.append(check_source(text, str(path), may_read_files=path.resolve() in may_read))
    return GuardReport(tuple(reports))


def check_source(text: str, path: str, *, may_read_files: bool = False) -> FileReport:
    """Checks the text of one module.

    Args:
        text: Python source.
        path: Its name in the findings.
        may_read_files: Whether opening files is fine here; ground truth is refused all the same.

    Raises:
        DataError: The text is not Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        raise DataError(
            f"{path}: {where}is not Python ({getattr(error, 'msg', error)}); mend it first"
        ) from error
    reader = Reader(text, path, may_read_files=may_read_files)
    try:
        for _ in range(PASSES):
            before = dict(reader.attributes)
            reader.read(tree)
            if reader.attributes == before:
                break
    except TooInvolved:
        outcome = undecidable("is too involved to be followed", "Split the module, or unroll less of it.")
        reader.report(tree.body[0], outcome)
    found = sorted(reader.found.values(), key=lambda finding: (finding.line, finding.column))
    return FileReport(path, tuple(found))
