"""Statements: branches are joined, loops are read until nothing new comes, calls return what they return."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from agent.guard import arithmetic, binding, containers, definitions, mutation, seeds, special
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in, sources_in
from agent.guard.engine import Engine, Scope
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Bound,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Value,
    choices,
    join,
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
            for part in (node.exc, node.cause):
                if part is not None:
                    raised = engine.evaluate(part, scope)
                    engine.consume(raised, part, "raises the label column")
                    if special.leads(engine, raised, is_sure=True):
                        what = "raises an object that leads to frames"
                        engine.report(part, undecidable(what, "Raise an error that holds numbers alone."))
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
            _pair(node, value, scope)
        case ast.AnnAssign():
            value = engine.evaluate(node.value, scope) if node.value else UNKNOWN
            definitions.calls_in(engine, [node.annotation], scope)
            if value == UNKNOWN:
                name = ast.unparse(node.target)
                value = seeds.annotated(node.annotation, name, node.lineno, scope.lookup, engine.labels)
            if node.value or value != UNKNOWN:
                engine.bind(node.target, value, scope)
        case ast.AugAssign():
            before = engine.evaluate(_loaded(node.target), scope)
            if isinstance(node.target, ast.Name) and len(scope.twins.get(node.target.id, ())) > 1:
                mutation.forget(engine, node.target, scope)
                before = engine.evaluate(_loaded(node.target), scope)
            value = engine.evaluate(node.value, scope)
            takes_in = isinstance(node.op, ast.Add) and isinstance(before, Items | Bag | Const)
            if takes_in and any(True for _ in (*frames_in(value), *sources_in(value))):
                mutation.put_in(engine, node.target, before, containers.element_of(value), scope)
                return True
            made = arithmetic.binary(engine, node.value, node.op, before, value, in_place=True)
            engine.bind(node.target, made, scope)
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
                    entered = [_entered(engine, item.context_expr, one) for one in choices(held)]
                    engine.bind(item.optional_vars, join(entered), scope)
            return run(engine, node.body, scope)
        case ast.Try() | ast.TryStar():
            return _try(engine, node, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            definitions.function(engine, node, scope)
        case ast.ClassDef():
            definitions.class_(engine, node, scope)
        case ast.Import() | ast.ImportFrom():
            definitions.imports(engine, node, scope)
        case ast.Assert():
            engine.consume(engine.evaluate(node.test, scope), node.test, "decides by the label column")
        case ast.Global() | ast.Nonlocal():
            for name in node.names:
                scope.share(name, is_global=isinstance(node, ast.Global))
        case ast.Match():
            _match(engine, node, scope)
    return True


def _entered(engine: Engine, node: ast.expr, held: Value) -> Value:
    """What `with held as name` binds."""
    if isinstance(held, Instance):
        method = engine.attribute(node, held, "__enter__")
        return engine.apply(node, method, [], {}) if isinstance(method, Function | Bound) else held
    return held.item if isinstance(held, Bag) else held


def _pair(node: ast.Assign, value: Value, scope: Scope) -> None:
    """`a = b` and `a = b = []`: the names stand for one container."""
    names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node.value, ast.Name):
        names.append(node.value.id)
    elif names:
        inner = [part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)]
        names += [name for name in inner if isinstance(held := scope.lookup(name), Const) and held.is_array]
    is_shared = not isinstance(node.value, ast.Name) or any(
        isinstance(one, Const | Items | Bag | Mapping) for one in choices(value)
    )
    if len(names) > 1 and is_shared:
        for name in names[1:]:
            scope.pair(names[0], name)


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
    over = engine.iterated(node.iter, engine.evaluate(node.iter, scope))
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
    over = None
    if not isinstance(node, ast.While):
        over = containers.element_of(engine.iterated(node.iter, engine.evaluate(node.iter, scope)))
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
            if before.get(name) == value:
                continue
            frames = [one for one in frames_in(value) if isinstance(one, Frame)]
            if frames:  # turned on with every round: nobody knows how far
                scope.names[name] = join([value, *(replace(one, rank=None, axis=None) for one in frames)])
            elif not any(True for _ in (*frames_in(value), *sources_in(value))):
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
        if handler.type is not None:
            engine.evaluate(handler.type, scope)
        if handler.name:
            scope.names[handler.name] = UNKNOWN
        if run(engine, handler.body, scope):
            after.append(scope.names)
    scope.merge(after or [before, middle])
    return run(engine, node.finalbody, scope) and bool(after)


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
