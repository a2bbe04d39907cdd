"""Exploration files: read, checked, and refused with one clear line.

A file is YAML 1.2 (so `1e-3` is a number and a key may stand only once). The catalog is the folder
of files that ships with Setpoint; a user copies one, edits it and launches the copy.
"""

import difflib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from blocks.blindness import check_blind
from blocks.errors import SpecError
from blocks.exploration import ExplorationSpec
from blocks.installed import load_problem
from blocks.rules import explain
from blocks.user_strategy import absolute_references

Model = TypeVar("Model", bound=BaseModel)


def catalog() -> dict[str, Traversable]:
    """Explorations that ship with Setpoint: name to file."""
    folder = files("blocks") / "catalog"
    found = {
        entry.name.removesuffix(".yaml"): entry for entry in folder.iterdir() if entry.name.endswith(".yaml")
    }
    return dict(sorted(found.items()))


def load_exploration(name_or_path: str) -> ExplorationSpec:
    """The exploration of that name in the catalog, or in that file.

    Raises:
        SpecError: There is no such exploration, or the file breaks a rule.
    """
    shipped = catalog()
    if name_or_path in shipped:
        entry = shipped[name_or_path]
        return parse_exploration(entry.read_text(encoding="utf-8"), source=entry.name)
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        near = difflib.get_close_matches(name_or_path, shipped, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise SpecError(
            f"there is no exploration {name_or_path!r}.{hint} "
            f"Known: {', '.join(shipped)}; or give a .yaml file"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: must be UTF-8 text, but byte {error.start} is not; save it as UTF-8"
        ) from error
    except OSError as error:
        raise SpecError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    return parse_exploration(text, source=path.name, base=path.absolute().parent)


def parse_exploration(
    text: str, *, source: str, check: bool = True, base: Path | None = None
) -> ExplorationSpec:
    """Reads an exploration out of YAML and lets its problem check it.

    Args:
        text: The YAML.
        source: File name for messages.
        check: Whether to ask the problem; without it, names that only the problem knows may be wrong, and
            the data are not looked at.
        base: Folder at which relative paths start; default: the working directory.

    Raises:
        DataError: The data set that it names is not there, or malformed.
        SpecError: Naming file, key, value and what is allowed.
    """
    try:
        document = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise SpecError(f"{source}: {where}is not valid YAML: {error.problem}") from error
    except YAMLError as error:
        raise SpecError(f"{source}: is not valid YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise SpecError(f"{source}: must be nested less deeply than it is; check its brackets") from error
    except ValueError as error:  # of a number: Python reads none with thousands of digits
        said = str(error).partition(";")[0]
        raise SpecError(f"{source}: holds a value that cannot be read: {said}; check its numbers") from error
    if not isinstance(document, dict):
        raise SpecError(f"{source}: must be a mapping of keys to values, but holds {_kind(document)}")
    try:
        spec = validate(ExplorationSpec, document)
        if check:
            problem = load_problem(spec.problem)
            data = problem.resolve_data(spec.data, base or Path.cwd())
            unsaid = {} if "objective" in document else {"objective": problem.default_objective(data)}
            spec = spec.model_copy(update={"data": dict(data), **unsaid})
            if spec.strategies.files:
                # Their code is loaded once the guard has read it: a launch lets the problem check then.
                spec = with_strategies(spec, spec.strategies.files, base=base or Path.cwd())
            else:
                problem.check(spec)
            check_blind(spec, problem.metrics(spec.data))
    except SpecError as error:
        raise SpecError(f"{source}, {error}") from error
    return spec


def with_strategies(
    spec: ExplorationSpec, references: Iterable[str], *, base: Path, where: str = "strategies.files"
) -> ExplorationSpec:
    """The exploration with the user's own strategies beside those that its file names.

    Args:
        spec: The exploration.
        references: Each like `my_strategy.py:Name`.
        base: Folder at which relative paths start.
        where: The key or option that they come from, for messages.

    Raises:
        SpecError: A file or a class is not there.
    """
    files = absolute_references(tuple(references), base=base, where=where)
    files = tuple(dict.fromkeys([*(one for one in spec.strategies.files if Path(one).is_absolute()), *files]))
    return spec.model_copy(update={"strategies": spec.strategies.model_copy(update={"files": files})})


def validate(model: type[Model], values: Mapping[str, Any], *, where: tuple[str, ...] = ()) -> Model:
    """An instance of `model`, or a SpecError that names the key, the value and what is allowed.

    Args:
        model: What the values must be.
        values: As read from a file.
        where: Keys that lead to `values` in the file.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise SpecError(explain(error, model, where=where)) from error


def _kind(document: object) -> str:
    return "nothing" if document is None else f"a {type(document).__name__}"
