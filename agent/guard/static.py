"""Layer 2 of the guard: training code is read before it is run, and uses of the label are found.

Modules are interpreted over a small domain (values.py): where a frame comes from, how it is renamed, viewed,
cut, passed and stored, and which columns each operation touches. Functions are followed where they are
called, also into other modules of the project. What cannot be decided is refused as well, with what would
make it decidable.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from agent.guard.contract import LABEL, N_COLUMNS
from agent.guard.findings import FileReport, Finding, GuardReport
from agent.guard.modules import Module, Project, parse
from agent.guard.reader import Reader
from blocks.errors import DataError


def check_paths(
    paths: Iterable[Path],
    *,
    loaders: Collection[Path] = (),
    evaluation: Collection[Path] = (),
    label_columns: Collection[int] = (LABEL,),
) -> GuardReport:
    """Checks files, and the Python files below folders.

    Args:
        paths: Files and folders; each file is checked once.
        loaders: Reviewed files among them that may read files, such as fitted parameters.
        evaluation: Files and folders whose code runs after training, where labels are open. They are not
            checked, and training code that imports them is refused. A file cannot say this of itself.
        label_columns: Columns of a frame that hold ground truth.

    Raises:
        DataError: A path does not exist, cannot be read, or is not Python; or there is no such column.
    """
    given = list(paths)
    files = _files(given)
    open_to_labels = {path.resolve() for path in _files(evaluation)}
    project = Project([path for path in given if path.is_dir()])
    project.mark(evaluation=open_to_labels, loaders=loaders)
    reader = Reader(project, _labels(label_columns))
    modules = [project.load(path) for path in files]
    for module, path in zip(modules, files, strict=True):
        if path.resolve() not in open_to_labels:
            reader.read(module)
    return _report(reader, [module.path for module in modules])


def check_source(
    text: str,
    path: str,
    *,
    may_read_files: bool = False,
    is_evaluation: bool = False,
    label_columns: Collection[int] = (LABEL,),
) -> FileReport:
    """Checks the text of one module, by itself.

    Args:
        text: Python source.
        path: Its name in the findings.
        may_read_files: Whether opening files is fine here; ground truth is refused all the same.
        is_evaluation: Whether the code runs after training, where labels are open.
        label_columns: Columns of a frame that hold ground truth.

    Raises:
        DataError: The text is not Python, or there is no such column.
    """
    module = Module("", path, parse(text, path), text.splitlines(), may_read_files=may_read_files)
    reader = Reader(Project(), _labels(label_columns))
    if not is_evaluation and module.tree.body:
        reader.read(module)
    report = _report(reader, [path])
    return FileReport(path, report.findings)


def _labels(columns: Collection[int]) -> frozenset[int]:
    odd = [column for column in columns if not 0 <= column < N_COLUMNS]
    if odd or not columns:
        got = f"got {odd[0]}" if odd else "none is given"
        raise DataError(
            f"label columns must be from 0 to {N_COLUMNS - 1}, but {got}; name those that hold ground truth"
        )
    return frozenset(columns)


def _files(paths: Iterable[Path]) -> list[Path]:
    files: dict[Path, Path] = {}
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            files.setdefault(file.resolve(), file)
    return list(files.values())


def _report(reader: Reader, checked: list[str]) -> GuardReport:
    """Findings by file: those that were asked about, and those that these lead to."""
    by_file: dict[str, list[Finding]] = {path: [] for path in checked}
    for finding in reader.found.values():
        by_file.setdefault(finding.path, []).append(finding)
    return GuardReport(
        tuple(
            FileReport(path, tuple(sorted(found, key=lambda one: (one.line, one.column))))
            for path, found in by_file.items()
        )
    )
