"""What an import or a full name leads to: a constant, a library, a refusal, or a module that is followed."""

import ast
from pathlib import Path

from agent.guard.contract import CONSTANTS, FOLLOWED, SCIENCE
from agent.guard.engine import Engine
from agent.guard.modules import Module
from agent.guard.refused import FILE, TRUTH, refused_symbol
from agent.guard.values import COMPUTED, UNKNOWN, Class, Const, Namespace, Symbol, Value


def symbol(engine: Engine, node: ast.AST, dotted: str) -> Value:
    """An imported or built-in thing; refused ones are reported where they are named."""
    if dotted in CONSTANTS:
        return Const(CONSTANTS[dotted])
    if refusal := refused_symbol(dotted):
        engine.refuse(node, refusal)
        return COMPUTED
    return Symbol(dotted)


def imported(engine: Engine, node: ast.AST, dotted: str) -> Value:
    """A module, by its full name."""
    refusal = refused_symbol(dotted)
    if refusal is not None and refusal is not FILE:
        engine.refuse(node, refusal)
        return COMPUTED
    if dotted.partition(".")[0] in FOLLOWED:
        return engine.symbol(node, dotted)  # installed: read where it is called with frames
    module = engine.find(dotted)
    if module is None:
        return engine.symbol(node, dotted)
    if module.is_evaluation:
        engine.refuse(node, TRUTH)
        return COMPUTED
    engine.run_module(module)
    return Namespace(module)


def absolute(module: Module, name: str, level: int) -> str:
    """The full name of a module that is imported relative to `module`."""
    if not level or (not module.package and module.folder is not None):
        return name
    package = module.package.split(".")
    # A text that lies nowhere counts as part of the science: its relative imports may lead to the truth.
    base = package[: len(package) - level + 1] if module.package else [SCIENCE]
    return ".".join([*base, name]).strip(".")


def member(engine: Engine, node: ast.AST, module: Module, name: str) -> Value:
    """A name of a followed module, or a module in a followed package."""
    value = module.scope.names.get(name)
    if value is not None:
        return value
    if Path(module.path).name == "__init__.py":
        return engine.imported(node, f"{module.name}.{name}")
    return UNKNOWN


def resolve(engine: Engine, dotted: str) -> Value | None:
    """What a full name leads to within the project; None where it is a library."""
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = engine.find(".".join(parts[:length]))
        if module is None:
            continue
        engine.run_module(module, is_muted=True)  # installed code is checked on its own
        value: Value | None = Namespace(module)
        for name in parts[length:]:
            if isinstance(value, Namespace):
                value = value.module.scope.names.get(name)
            elif isinstance(value, Class):
                value = value.names.get(name)
            elif isinstance(value, Symbol):
                value = Symbol(f"{value.dotted}.{name}")
            else:
                return None
        return value
    return None
