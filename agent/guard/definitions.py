"""Definitions: functions, classes and imports bind names, and may run code while they do."""

import ast
from collections.abc import Sequence

from agent.guard import statements
from agent.guard.engine import Engine, Scope
from agent.guard.refused import CODE, FILE, refused_symbol
from agent.guard.values import (
    UNKNOWN,
    Bound,
    Class,
    Const,
    Function,
    Namespace,
    Symbol,
    Value,
    choices,
)

_PLAIN = ("property", "staticmethod", "classmethod", "cached_property", "overload", "setter", "register")
"""Decorators whose effect is known without calling them."""


def function(engine: Engine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            engine.evaluate(default, scope)
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    calls_in(engine, [node.returns, *(one.annotation for one in arguments)], scope)
    made = Function(node, scope, scope.owner)
    value: Value = made
    for decorator in reversed(node.decorator_list):
        if ast.unparse(decorator).rpartition(".")[2] in _PLAIN:
            continue
        wrap = engine.evaluate(decorator, scope)
        if isinstance(wrap, Function | Class | Bound):
            value = engine.apply(decorator, wrap, [value], {})
    if scope.assign(node.name, value):
        engine.changed()
    engine.declare(made)


def calls_in(engine: Engine, annotations: Sequence[ast.expr | None], scope: Scope) -> None:
    """Annotations are evaluated as well; those that do more than name a type are read."""
    for one in annotations:
        if one is not None and any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(one)):
            engine.evaluate(one, scope)


def class_(engine: Engine, node: ast.ClassDef, scope: Scope) -> None:
    bases = [base for part in node.bases for base in choices(engine.evaluate(part, scope))]
    decorators = [engine.evaluate(part, scope) for part in node.decorator_list]
    given = {one.arg: engine.evaluate(one.value, scope) for one in node.keywords}
    inner = Scope(scope)
    made = Class(f"{engine.module.name}:{node.name}", inner.names, tuple(bases))
    inner.owner = made
    if scope.assign(node.name, made):
        engine.changed()
    statements.run(engine, node.body, inner)
    made.names.update(inner.names)
    if (meta := given.get("metaclass")) is not None:
        made.names["__metaclass__"] = meta
    for base in bases:
        start = base.names.get("__init_subclass__") if isinstance(base, Class) else None
        if isinstance(start, Function):
            keywords = {key: value for key, value in given.items() if key and key != "metaclass"}
            engine.invoke(start, [made], keywords, node)
    fields = [
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    ]
    inherited = [base.names.get("__fields__") for base in bases if isinstance(base, Class)]
    before = [name for one in inherited if isinstance(one, Const) for name in one.value]
    made.names["__fields__"] = Const(tuple(dict.fromkeys([*before, *fields])))
    value: Value = made
    for wrap in reversed(decorators):
        if isinstance(wrap, Function | Class | Bound):
            value = engine.apply(node, wrap, [value], {})
    if value is not made:
        scope.assign(node.name, value)
    engine.declare_class(made)


def imports(engine: Engine, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if refused_symbol(alias.name) is FILE:
                scope.names[alias.asname or top] = Symbol(alias.name if alias.asname else top)
                continue  # what it is used for decides
            value = engine.imported(node, alias.name)
            scope.names[alias.asname or top] = value if alias.asname else engine.imported(node, top)
        return
    module = engine.absolute(node.module or "", node.level)
    if (refusal := refused_symbol(module)) and refusal is not FILE:
        engine.refuse(node, refusal)
        return
    source = engine.imported(node, module) if module else UNKNOWN
    for alias in node.names:
        if alias.name == "*":
            if isinstance(source, Namespace):
                scope.names |= source.module.scope.names
            elif module.partition(".")[0] in ("sim", "os", "builtins", "io", "numpy", "torch"):
                engine.refuse(node, CODE)
            continue
        if isinstance(source, Namespace):
            scope.names[alias.asname or alias.name] = engine.member(node, source.module, alias.name)
        else:
            scope.names[alias.asname or alias.name] = engine.symbol(node, f"{module}.{alias.name}")
