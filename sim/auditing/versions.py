"""Which version of a strategy an audit speaks of: its own source, and all training code that it stands on."""

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from blocks.identity import content_hash, file_hash
from sim.strategies.base import Strategy
from sim.strategies.registry import strategy_named

ROOM = Path(__file__).parents[1]
"""The folder of this science."""

_ELSEWHERE = ("cli", "pictures", "evaluation")
"""Folders that no training runs code of."""

_STRATEGIES = ROOM / "strategies"
_SHARED = ("__init__.py", "base.py")


def strategy_version(name: str, known: Mapping[str, type[Strategy]]) -> str:
    """Hash of a strategy's source, of the strategies that it builds on, and of the code below.

    Args:
        name: Of the strategy.
        known: Strategies by name.

    Raises:
        SpecError: There is no such strategy.
    """
    strategy = strategy_named(name, known)
    if strategy.source_sha256 is not None:
        # It may import any strategy that ships.
        shipped = {path.name: file_hash(path) for path in sorted(_STRATEGIES.glob("*.py"))}
        return content_hash([name, strategy.source_sha256, shipped, _code_below()])
    source = Path(inspect.getfile(strategy))
    own = {path.name: file_hash(path) for path in sorted(_with_imported(source))}
    return content_hash([name, own, _code_below()])


def _with_imported(source: Path) -> set[Path]:
    """A strategy's file, and those of other strategies that it imports, directly or not."""
    found: set[Path] = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sim.strategies."):
                waiting.append(_STRATEGIES / f"{(node.module or '').split('.')[2]}.py")
    return {path for path in found if path.parent != _STRATEGIES or path.name not in _SHARED}


@cache
def _code_below() -> str:
    files = {path.relative_to(ROOM): path for path in sorted(ROOM.rglob("*.py"))}
    return content_hash(
        {
            name.as_posix(): file_hash(path)
            for name, path in files.items()
            if name.parts[0] not in _ELSEWHERE and (path.parent != _STRATEGIES or path.name in _SHARED)
        }
    )
