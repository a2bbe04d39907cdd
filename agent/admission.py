"""Users' own strategies are let in: read by the guard, copied by content, and only then loaded.

A strategy is its module and what that imports from its own folder. The copy is what runs, in the launch and
in every training; so whoever edits the file while a launch is under way changes nothing, and the next launch
has another version, which it says. Evaluators never load one.
"""

import ast
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from agent.guard import check_paths, to_text
from blocks.errors import DataError, GuardRefusalError, SpecError
from blocks.exploration import ExplorationSpec
from blocks.identity import content_hash, file_hash
from blocks.installed import GROUP
from blocks.problem import Problem
from blocks.user_strategy import StrategyFile, UserStrategy, strategy_file
from memory import Store, Workspace

ROOMS = ("agent", "blocks", "memory")


def admit(
    spec: ExplorationSpec,
    problem: Problem,
    workspace: Workspace,
    store: Store,
    *,
    note: Callable[[str], None],
) -> tuple[ExplorationSpec, Problem]:
    """The exploration with its own strategies open to the planner, and the problem that knows them.

    Args:
        spec: Names files under `strategies.files`, by absolute paths.
        problem: The science, without them.
        workspace: Keeps the copies.
        store: Keeps what the guard said, and which version an exploration had.
        note: Told where a strategy is another version than at the last launch.

    Raises:
        GuardRefusalError: One reads the answer key, or may do so.
        SpecError: One cannot be loaded, or breaks the contract; or the exploration breaks a rule.
        DataError: A file changed while it was being read.
    """
    files = [strategy_file(one, base=workspace.root) for one in spec.strategies.files]
    added = [_admitted(file, workspace, store) for file in files]
    _refuse_namesakes(added)
    problem = problem.extended(added)
    chosen = spec.strategies
    named = {*chosen.baseline, *chosen.open}
    opened = tuple(name for name in problem.user_strategies() if name not in named)
    spec = spec.model_copy(update={"strategies": chosen.model_copy(update={"open": (*chosen.open, *opened)})})
    problem.check(spec)
    for file, one in zip(files, added, strict=True):
        before = store.admit_strategy(spec.name, file.name, version=one.sha256)
        if before not in (None, one.sha256):
            note(
                f"{file.path.name}:{file.class_name} is another version than at the last launch "
                f"({(before or '')[:8]} -> {one.sha256[:8]}); runs that have ended keep theirs"
            )
    return spec, problem


def kept_strategies(spec: ExplorationSpec, workspace: Workspace, store: Store) -> list[UserStrategy]:
    """The versions that an exploration went on with last, as copied; no file of the user is read."""
    versions = store.admitted_strategies(spec.name)
    kept = []
    for one in spec.strategies.files:
        name, _, class_name = one.rpartition(":")
        path = Path(name).resolve()
        if (sha256 := versions.get(StrategyFile(path, class_name).name)) is not None:
            kept.append(UserStrategy(workspace.strategies / sha256[:16], path.name, class_name, sha256))
    return kept


def sources(file: StrategyFile) -> tuple[Path, ...]:
    """The module of a strategy, and the modules of its folder that it imports, directly or not.

    Raises:
        SpecError: A module of the folder has the name of an installed one, or is not Python.
    """
    folder = file.path.parent
    found: dict[Path, None] = {}
    waiting = [file.path]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        for root in _imported(path):
            beside = _beside(folder, root)
            if beside and _is_installed(root, folder):
                raise SpecError(
                    f"{path.name}: must import modules of unmistakable names, but {root!r} is installed and "
                    f"in {folder} as well; rename the one in the folder"
                )
            waiting += beside
    return tuple(sorted(found))


def version(file: StrategyFile, paths: Sequence[Path]) -> str:
    """Hash of a strategy's code: names and contents of its files, and which class of them it is."""
    folder = file.path.parent
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in paths}
    return content_hash({"files": hashes, "module": file.path.name, "class": file.class_name})


def _admitted(file: StrategyFile, workspace: Workspace, store: Store) -> UserStrategy:
    paths = sources(file)
    sha256 = version(file, paths)
    report = check_paths(paths)
    if report.leaks or report.undecidable:
        store.record_guard_check(
            code_hash=sha256,
            verdict=report.verdict.value,
            files=report.n_files,
            findings=[f"{one.path}:{one.line}: {one.what}" for one in report.findings],
        )
        raise GuardRefusalError(f"the guard refuses the strategy {file.path.name}:\n{to_text(report)}")
    copy = workspace.strategies / sha256[:16]
    kept = StrategyFile(copy / file.path.name, file.class_name)
    if not copy.exists() or version(kept, sorted(copy.rglob("*.py"))) != sha256:
        draft = copy.with_name(f"{copy.name}.draft")
        for left_over in (draft, copy):
            shutil.rmtree(left_over, ignore_errors=True)
        for path in paths:
            target = draft / path.relative_to(file.path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        draft.replace(copy)
        if version(kept, sorted(copy.rglob("*.py"))) != sha256:
            shutil.rmtree(copy)
            raise DataError(f"{file.path}: must stay as it is while it is checked, but changed; launch again")
    return UserStrategy(copy, file.path.name, file.class_name, sha256)


def _imported(path: Path) -> Iterator[str]:
    """First parts of the names that a module imports absolutely."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        raise SpecError(f"{path}: must be Python, but is not ({error}); mend it first") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _beside(folder: Path, root: str) -> list[Path]:
    """Files of the module or package of that name in the folder; our own rooms are never a user's."""
    sciences = {entry.value.partition(":")[0].partition(".")[0] for entry in entry_points(group=GROUP)}
    if root in ROOMS or root in sciences:
        return []
    file, package = folder / f"{root}.py", folder / root
    found = [file] if file.is_file() else []
    return found + (sorted(package.rglob("*.py")) if package.is_dir() else [])


def _is_installed(root: str, folder: Path) -> bool:
    if root in sys.stdlib_module_names:
        return True
    try:
        found = find_spec(root)
    except (ImportError, ValueError):
        return False
    places = [*(found.submodule_search_locations or ()), found.origin or ""] if found else []
    return any(place and not Path(place).resolve().is_relative_to(folder) for place in places)


def _refuse_namesakes(added: Sequence[UserStrategy]) -> None:
    """Modules beside strategies share one space of names."""
    known: dict[str, str] = {}
    for one in added:
        for path in sorted(one.folder.rglob("*.py")):
            name = path.relative_to(one.folder).as_posix()
            if name != one.module and known.setdefault(name, file_hash(path)) != file_hash(path):
                raise SpecError(
                    f"strategies.files: must not bring different modules of one name, but {name} differs "
                    "between their folders; rename one"
                )
