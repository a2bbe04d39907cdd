"""Statements: branches are joined, loops are read until nothing new comes, calls return what they return."""

import ast
from collections.abc import Sequence

from agent.guard import arithmetic, binding, containers, expressions, seeds
from agent.guard.engine import Engine, Scope
from agent.guard.refused import CODE, FILE, refused_symbol
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Class,
    Const,
    Function,
    Symbol,
    Value,
    frames_in,
)

ROUNDS = 3
"""Times that a loop's body is read; a constant that still changes then counts as computed."""


def run(engine: Engine, body: Sequence[ast.stmt], scope: Scope) -> bool:
    """Interprets statements; False where control never leaves at their end."""
    return all(_statement(engine, node, scope) for node in body)


def _statement(engine: Engine, node: ast.stmt, scope: Scope) -> bool:
    match node:
        case ast.Return():
            scope.returned.append(engine.evaluate(node.value, scope) if node.value else Const(None))
            return False
        case ast.Raise():
            return False
        case ast.Break() | ast.Continue():
            scope.exits.append(dict(scope.names))
            return False
        case ast.Expr():
            engine.evaluate(node.value, scope)
        case ast.Assign():
            value = engine.evaluate(node.value, scope)
            for target in node.targets:
                engine.bind(target, value, scope)
        case ast.AnnAssign():
            value = engine.evaluate(node.value, scope) if node.value else UNKNOWN
            if value == UNKNOWN:
                value = seeds.annotated(
                    node.annotation, ast.unparse(node.target), node.lineno, engine.classes
                )
            if node.value or value != UNKNOWN:
                engine.bind(node.target, value, scope)
        case ast.AugAssign():
            before = engine.evaluate(_loaded(node.target), scope)
            value = engine.evaluate(node.value, scope)
            engine.bind(node.target, arithmetic.binary(engine, node.value, node.op, before, value), scope)
        case ast.If():
            return _if(engine, node, scope)
        case ast.For() | ast.AsyncFor():
            _for(engine, node, scope)
        case ast.While():
            engine.consume(engine.evaluate(node.test, scope), node.test, "decides by the label column")
            _repeat(engine, node, scope)
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                held = engine.evaluate(item.context_expr, scope)
                if item.optional_vars is not None:
                    engine.bind(item.optional_vars, held, scope)
            return run(engine, node.body, scope)
        case ast.Try() | ast.TryStar():
            return _try(engine, node, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for default in (*node.args.defaults, *node.args.kw_defaults, *node.decorator_list):
                if default is not None:
                    engine.evaluate(default, scope)
            function = Function(node, scope, scope.owner)
            scope.names[node.name] = function
            engine.declare(function)
        case ast.ClassDef():
            _class(engine, node, scope)
        case ast.Import() | ast.ImportFrom():
            _import(engine, node, scope)
        case ast.Assert():
            engine.consume(engine.evaluate(node.test, scope), node.test, "decides by the label column")
        case ast.Global() | ast.Nonlocal():
            for name in node.names:
                scope.share(name, is_global=isinstance(node, ast.Global))
        case ast.Match():
            _match(engine, node, scope)
    return True


def _loaded(target: ast.expr) -> ast.expr:
    loaded = ast.parse(ast.unparse(target), mode="eval").body
    for part in ast.walk(loaded):
        if isinstance(part, ast.expr):
            ast.copy_location(part, target)
    return loaded


def _branches(engine: Engine, bodies: Sequence[Sequence[ast.stmt]], scope: Scope) -> bool:
    """Each body from the same start; goes on with what those leave behind that reach their end."""
    before, after = dict(scope.names), []
    for body in bodies:
        scope.names = dict(before)
        if run(engine, body, scope):
            after.append(scope.names)
    scope.merge(after or [before])
    return bool(after)


def _if(engine: Engine, node: ast.If, scope: Scope) -> bool:
    test = engine.evaluate(node.test, scope)
    engine.consume(test, node.test, "decides by the label column")
    if isinstance(test, Const):
        return run(engine, node.body if test.value else node.orelse, scope)
    return _branches(engine, [node.body, node.orelse], scope)


def _for(engine: Engine, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
    over = engine.evaluate(node.iter, scope)
    items = containers.known_items(over)
    if items is not None and len(items) <= containers.UNROLLED:
        for item in items:
            before = dict(scope.names)
            engine.bind(node.target, item, scope)
            _body(engine, node, scope, before)
    else:
        engine.bind(node.target, containers.element_of(over), scope)
        _repeat(engine, node, scope)
        return
    run(engine, node.orelse, scope)


def _body(
    engine: Engine, node: ast.For | ast.AsyncFor | ast.While, scope: Scope, before: dict[str, Value]
) -> None:
    """One round of a loop; what a `break` or `continue` left behind goes on as well."""
    outer, scope.exits = scope.exits, []
    reached = run(engine, node.body, scope)
    scope.merge([*scope.exits, *([scope.names] if reached else [])] or [before])
    scope.exits = outer


def _repeat(engine: Engine, node: ast.For | ast.AsyncFor | ast.While, scope: Scope) -> None:
    over = None if isinstance(node, ast.While) else containers.element_of(engine.evaluate(node.iter, scope))
    for _ in range(ROUNDS):
        before = dict(scope.names)
        if over is not None and not isinstance(node, ast.While):
            engine.bind(node.target, over, scope)
        _body(engine, node, scope, before)
        scope.merge([before, scope.names])
        if scope.names == before:
            break
    else:
        for name, value in scope.names.items():
            if before.get(name) != value and not any(True for _ in frames_in(value)):
                scope.names[name] = COMPUTED
        _body(engine, node, scope, dict(scope.names))
    run(engine, node.orelse, scope)


def _try(engine: Engine, node: ast.Try | ast.TryStar, scope: Scope) -> bool:
    before = dict(scope.names)
    ends = run(engine, [*node.body, *node.orelse], scope)
    after = [scope.names] if ends else []
    middle = dict(scope.names)
    for handler in node.handlers:
        scope.merge([before, middle])
        if handler.name:
            scope.names[handler.name] = UNKNOWN
        if run(engine, handler.body, scope):
            after.append(scope.names)
    scope.merge(after or [before, middle])
    return run(engine, node.finalbody, scope) and bool(after)


def _class(engine: Engine, node: ast.ClassDef, scope: Scope) -> None:
    for part in (*node.bases, *node.decorator_list):
        engine.evaluate(part, scope)
    inner = Scope(scope, owner=node.name)
    for base in node.bases:
        parent = scope.lookup(base.id) if isinstance(base, ast.Name) else None
        inner.names |= parent.names if isinstance(parent, Class) else {}
    made = Class(node.name, inner.names)
    scope.names[node.name] = engine.classes[node.name] = made
    run(engine, node.body, inner)
    made.names.update(inner.names)
    fields = [
        part for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    ]
    made.names["__fields__"] = Const(
        tuple(part.target.id for part in fields if isinstance(part.target, ast.Name))
    )


def _import(engine: Engine, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if refused_symbol(alias.name) is FILE:
                scope.names[alias.asname or alias.name.partition(".")[0]] = Symbol(
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                continue  # what it is used for decides
            value = expressions.symbol(engine, node, alias.name)
            top = alias.name.partition(".")[0]
            scope.names[alias.asname or top] = (
                value if alias.asname else expressions.symbol(engine, node, top)
            )
        return
    module = f"{'sim.' if node.level else ''}{node.module or ''}".rstrip(".")
    if (refusal := refused_symbol(module)) and refusal is not FILE:
        engine.refuse(node, refusal)
        return
    for alias in node.names:
        if alias.name == "*":
            if module.partition(".")[0] in ("sim", "os", "builtins", "io", "numpy", "torch"):
                engine.refuse(node, CODE)
            continue
        scope.names[alias.asname or alias.name] = expressions.symbol(engine, node, f"{module}.{alias.name}")


def _match(engine: Engine, node: ast.Match, scope: Scope) -> None:
    subject = engine.evaluate(node.subject, scope)
    engine.consume(subject, node.subject, "decides by the label column")
    before, after = dict(scope.names), [dict(scope.names)]
    for case in node.cases:
        scope.names = dict(before)
        binding.capture(engine, case.pattern, subject, scope)
        if run(engine, case.body, scope):
            after.append(scope.names)
    scope.merge(after)
