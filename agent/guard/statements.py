"""Statements: branches are joined, loops are read until nothing new comes, calls return what they return."""

import ast
from collections.abc import Sequence
from dataclasses import replace

from agent.guard import arithmetic, binding, containers, seeds
from agent.guard.engine import Engine, Scope
from agent.guard.refused import CODE, FILE, refused_symbol
from agent.guard.values import (
    COMPUTED,
    UNKNOWN,
    Bag,
    Bound,
    Class,
    Const,
    Frame,
    Function,
    Instance,
    Items,
    Mapping,
    Namespace,
    Symbol,
    Value,
    choices,
    frames_in,
    join,
    sources_in,
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
                    engine.consume(engine.evaluate(part, scope), part, "raises the label column")
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
            _calls_in(engine, [node.annotation], scope)
            if value == UNKNOWN:
                name = ast.unparse(node.target)
                value = seeds.annotated(node.annotation, name, node.lineno, scope.lookup, engine.labels)
            if node.value or value != UNKNOWN:
                engine.bind(node.target, value, scope)
        case ast.AugAssign():
            before = engine.evaluate(_loaded(node.target), scope)
            if isinstance(node.target, ast.Name) and len(scope.twins.get(node.target.id, ())) > 1:
                containers.overwritten(engine, node.target, scope)
                before = engine.evaluate(_loaded(node.target), scope)
            value = engine.evaluate(node.value, scope)
            takes_in = isinstance(node.op, ast.Add) and isinstance(before, Items | Bag | Const)
            if takes_in and any(True for _ in (*frames_in(value), *sources_in(value))):
                containers.put_in(engine, node.target, before, containers.element_of(value), scope)
                return True
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
                    entered = [_entered(engine, item.context_expr, one) for one in choices(held)]
                    engine.bind(item.optional_vars, join(entered), scope)
            return run(engine, node.body, scope)
        case ast.Try() | ast.TryStar():
            return _try(engine, node, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            _function(engine, node, scope)
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


_PLAIN = ("property", "staticmethod", "classmethod", "cached_property", "overload", "setter", "register")
"""Decorators whose effect is known without calling them."""


def _function(engine: Engine, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            engine.evaluate(default, scope)
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    _calls_in(engine, [node.returns, *(one.annotation for one in arguments)], scope)
    function = Function(node, scope, scope.owner)
    value: Value = function
    for decorator in reversed(node.decorator_list):
        if ast.unparse(decorator).rpartition(".")[2] in _PLAIN:
            continue
        wrap = engine.evaluate(decorator, scope)
        if isinstance(wrap, Function | Class | Bound):
            value = engine.apply(decorator, wrap, [value], {})
    if scope.assign(node.name, value):
        engine.changed()
    engine.declare(function)


def _calls_in(engine: Engine, annotations: Sequence[ast.expr | None], scope: Scope) -> None:
    """Annotations are evaluated as well; those that do more than name a type are read."""
    for one in annotations:
        if one is not None and any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(one)):
            engine.evaluate(one, scope)


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


def _class(engine: Engine, node: ast.ClassDef, scope: Scope) -> None:
    bases = [base for part in node.bases for base in choices(engine.evaluate(part, scope))]
    decorators = [engine.evaluate(part, scope) for part in node.decorator_list]
    given = {one.arg: engine.evaluate(one.value, scope) for one in node.keywords}
    inner = Scope(scope)
    made = Class(f"{engine.module.name}:{node.name}", inner.names, tuple(bases))
    inner.owner = made
    if scope.assign(node.name, made):
        engine.changed()
    run(engine, node.body, inner)
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


def _import(engine: Engine, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
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
