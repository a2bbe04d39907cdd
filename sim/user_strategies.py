"""Classes of users' own strategies, loaded from their copies and checked against the contract.

The module is run under a name of its own, so that it hides no other; modules of its folder are imported by
their plain names. Loading writes nothing: what is loaded may be read-only.
"""

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from blocks.base import Frozen
from blocks.errors import SetpointError, SpecError
from blocks.user_strategy import UserStrategy
from sim.strategies.base import Strategy

TEXTS = ("name", "summary", "reference")
"""Class attributes that every strategy states."""


def with_user_strategies(
    known: Mapping[str, type[Strategy]], added: Sequence[UserStrategy]
) -> dict[str, type[Strategy]]:
    """The strategies that are known, and a user's own beside them.

    Args:
        known: By name.
        added: Each with a name that is not taken yet.

    Raises:
        SpecError: One cannot be loaded, is no strategy, or has a name that is taken.
    """
    found = dict(known)
    for one in added:
        strategy = _strategy(one)
        if strategy.name in found:
            owner = "Setpoint" if strategy.name in known else "another of your strategies"
            raise SpecError(
                f"{one.module}:{one.class_name}: must have a name of its own, but {strategy.name!r} is taken "
                f"by {owner}; change its `name`"
            )
        found[strategy.name] = strategy
    return found


@cache
def _strategy(source: UserStrategy) -> type[Strategy]:
    where = f"{source.module}:{source.class_name}"
    module = _module(source)
    strategy = getattr(module, source.class_name, None)
    if not (inspect.isclass(strategy) and issubclass(strategy, Strategy)) or strategy is Strategy:
        raise SpecError(
            f"{where}: must be a subclass of sim.strategies.Strategy, but is {_kind(strategy)}; "
            "docs/strategies.md shows one"
        )
    for text in TEXTS:
        value = getattr(strategy, text, None)
        if not isinstance(value, str) or not value:
            raise SpecError(
                f"{where}: must state its `{text}` as a text, but has {value!r}; add it to the class"
            )
    if not strategy.name.replace("_", "").isalnum():
        raise SpecError(
            f"{where}: must have a `name` of letters, digits and _, but got {strategy.name!r}; change it"
        )
    if not (inspect.isclass(strategy.Options) and issubclass(strategy.Options, Frozen)):
        raise SpecError(
            f"{where}: must have `Options` that are a subclass of blocks.base.Frozen, but has "
            f"{_kind(strategy.Options)}; derive them from it"
        )
    strategy.source_sha256 = source.sha256
    return strategy


def _module(source: UserStrategy) -> ModuleType:
    name = f"setpoint_user_{source.sha256[:16]}_{Path(source.module).stem}"
    spec = spec_from_file_location(name, source.file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _modules_of(source.folder, without=source.module):
            spec.loader.exec_module(module)
    except SetpointError:
        raise
    except (Exception, SystemExit) as error:  # whatever a user's module may raise
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise SpecError(
            f"{source.module}:{source.class_name}: must be importable, but is not ({cause}); mend it first"
        ) from error
    return module


@contextmanager
def _modules_of(folder: Path, *, without: str) -> Iterator[None]:
    """Lets modules of a folder be imported by plain names, now and later; all of them are, now.

    In one process the last folder has the names: a launch that follows another one gets its own modules.
    """
    roots = {path.relative_to(folder).parts[0].removesuffix(".py") for path in folder.rglob("*.py")}
    for name in [name for name in sys.modules if name.partition(".")[0] in roots]:
        if _file(sys.modules[name]).startswith(f"{folder.parent}/"):
            del sys.modules[name]
    # For good: what is imported later, when a function runs, must not be written into the folder either.
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    try:
        for root in sorted(roots - {without.removesuffix(".py")}):
            importlib.import_module(root)
        yield
    finally:
        sys.path.remove(str(folder))


def _file(module: ModuleType) -> str:
    return str(getattr(module, "__file__", None) or next(iter(_paths(module)), ""))


def _paths(module: ModuleType) -> Iterable[str]:
    return getattr(module, "__path__", ())


def _kind(value: object) -> str:
    return f"the class {value.__name__}" if inspect.isclass(value) else f"a {type(value).__name__}"
