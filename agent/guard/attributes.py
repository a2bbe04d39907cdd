"""Attributes: of frames, of objects that lead to frames, of classes, modules and everything else."""

import ast

from agent.guard import builtin_calls, calls, seeds, special, tensor_calls, turns
from agent.guard.columns import undecidable
from agent.guard.contents import frames_in, sources_in
from agent.guard.contract import HARMLESS, HOLDS
from agent.guard.engine import Engine
from agent.guard.refused import CODE, PATCH, refused_attribute, refused_of_source
from agent.guard.shapes import shape
from agent.guard.values import (
    COMPUTED,
    CUT,
    UNKNOWN,
    Bag,
    Bound,
    Class,
    Computed,
    Const,
    Cut,
    Frame,
    Function,
    Indices,
    Instance,
    Items,
    Mapping,
    Method,
    Namespace,
    Source,
    Stranger,
    Symbol,
    Value,
    choices,
    join,
)

ANY = ""
"""Stands for every object that is not told apart: what is stored in one may be read from another."""

_OF_THE_SHAPE = frozenset(
    (
        "dtype",
        "device",
        "ndim",
        "nbytes",
        "itemsize",
        "requires_grad",
        "is_cuda",
        "layout",
        "flags",
        "grad_fn",
    )
)


def attribute(engine: Engine, node: ast.AST, base: Value, name: str) -> Value:
    """`base.name`."""
    text = ast.unparse(node.value) if isinstance(node, ast.Attribute) else ""
    if isinstance(base, Method) and isinstance(base.owner, Stranger):
        base = base.owner
    if isinstance(base, Frame):
        return _of_frame(engine, node, base, name)
    if isinstance(base, Symbol | Namespace) and name == "__dict__":
        engine.refuse(node, CODE)
        return COMPUTED
    if isinstance(base, Symbol):
        return engine.symbol(node, f"{base.dotted}.{name}")
    if isinstance(base, Namespace):
        return engine.member(node, base.module, name)
    if isinstance(base, Class):
        return _of_class(engine, node, base, base, name)
    if isinstance(base, Instance):
        return _of_instance(engine, node, base, name)
    if isinstance(base, Source):
        return _of_source(engine, node, base, name)
    if refusal := refused_attribute(name, of_a_view=isinstance(base, Cut)):
        engine.refuse(node, refusal)
        return COMPUTED
    if isinstance(base, Items) and name in ("values", "indices") and len(base.items) == 2:
        return base.items[name == "indices"]
    if isinstance(base, Const | Items | Mapping | Bag):
        return base if name == "value" and isinstance(base, Const) else Method(base, name)
    if (stored := engine.attributes.get((ANY, name))) is not None:
        return stored
    if isinstance(base, Cut) and name in ("T", "mT", "data", "H", "mH", "real", "flat"):
        return CUT
    if isinstance(base, Indices) and name in ("T", "mT", "data"):
        return base
    if isinstance(base, Computed):
        return Method(base, name)
    if isinstance(base, Stranger) and name in HARMLESS:
        return COMPUTED
    if name == "frames":
        return seeds.frames_of(text or "it", getattr(node, "lineno", 0), engine.labels)
    return Method(base, name)


def _of_frame(engine: Engine, node: ast.AST, frame: Frame, name: str) -> Value:
    if name in ("T", "H", "mT", "mH"):
        outcome = turns.turned(frame, name, [], {}, "")
        engine.report(node, outcome, frame.trail)
        return outcome.value
    if name in ("data", "real", "values", "indices"):
        return frame
    if name in ("shape", "strides"):
        return shape(frame) if name == "shape" else COMPUTED
    if name in _OF_THE_SHAPE:
        return Const(frame.rank) if name == "ndim" and frame.rank else COMPUTED
    if name == "grad":
        return COMPUTED
    if (refusal := refused_attribute(name, of_a_view=True)) and name != "storage":
        engine.refuse(node, refusal)
        return COMPUTED
    return Method(frame, name)


def settled(engine: Engine, node: ast.AST, value: Value) -> Value:
    """A value that is used as it is: an attribute of a frame that is not known is no method then."""
    if isinstance(value, Method) and isinstance(value.owner, Frame) and value.owner.holds_label:
        what = undecidable(
            f"uses .{value.name} of a frame, which the guard does not know", tensor_calls.FOLLOW
        )
        engine.report(node, what, value.owner.trail)
        return COMPUTED
    return value


def _of_source(engine: Engine, node: ast.AST, source: Source, name: str) -> Value:
    text = ast.unparse(node.value) if isinstance(node, ast.Attribute) else source.kind
    if name == "__dict__":
        return builtin_calls.dictionary_of(engine, node, source)
    if (stored := engine.attributes.get((ANY, name))) is not None and name not in HOLDS.get(source.kind, {}):
        return stored
    held = seeds.held(source, name, text, getattr(node, "lineno", 0), engine.labels)
    if held is not None:
        return held
    if name in ("__getattribute__", "__getattr__"):
        return Bound(Symbol("builtins.getattr"), (source,))
    if refusal := refused_of_source(name):
        engine.refuse(node, refusal)
        return COMPUTED
    return Method(source, name)


def _of_class(engine: Engine, node: ast.AST, found_in: Class, base: Value, name: str) -> Value:
    """A name of a class, or of one of its bases; what was stored there later on counts as well."""
    found = [
        value for value in (engine.attributes.get((found_in.key, name)), found_in.names.get(name)) if value
    ]
    # Who stored it may have held the object as one of which nothing was known.
    by_anybody = engine.attributes.get((ANY, name))
    if by_anybody is not None and any(True for _ in (*frames_in(by_anybody), *sources_in(by_anybody))):
        found.append(by_anybody)
    if found:
        return join([_member(engine, node, base, one) for one in choices(join(found))])
    for parent in found_in.bases:
        if isinstance(parent, Class):
            value = _of_class(engine, node, parent, base, name)
            if value != UNKNOWN:
                return value
    if isinstance(base, Class):
        meta = found_in.names.get("__metaclass__")
        if isinstance(meta, Class) and isinstance(method := meta.names.get(name), Function):
            return Bound(method, (base,))
        if refusal := refused_attribute(name):
            engine.refuse(node, refusal)
    return UNKNOWN


def _of_instance(engine: Engine, node: ast.AST, base: Instance, name: str) -> Value:
    found = _of_class(engine, node, base.of, base, name)
    if found != UNKNOWN:
        return found
    if name == "__dict__":
        held = engine.attributes.items()
        stored = [(Const(key), value) for (owner, key), value in held if owner == base.of.key]
        return Mapping(tuple(stored))
    if isinstance(fallback := base.of.names.get("__getattr__"), Function):
        return engine.invoke(fallback, [base, Const(name)], {}, node)
    if refusal := refused_attribute(name):
        engine.refuse(node, refusal)
        return COMPUTED
    return Method(base, name)


def _member(engine: Engine, node: ast.AST, base: Value, stored: Value) -> Value:
    """What an attribute gives: a property is called, a method is bound."""
    if isinstance(base, Class):
        is_bound = isinstance(stored, Function) and calls.is_class_method(stored)
        return Bound(stored, (base,)) if is_bound else stored
    if isinstance(stored, Instance) and isinstance(get := stored.of.names.get("__get__"), Function):
        return engine.invoke(get, [stored, base, UNKNOWN], {}, node)
    if not isinstance(stored, Function) or not stored.owner or calls.is_static(stored):
        return stored
    if calls.is_property(stored):
        return engine.invoke(stored, [base], {}, node)
    if calls.is_class_method(stored) and isinstance(base, Instance):
        return Bound(stored, (base.of,))
    return Bound(stored, (base,))


def keep(engine: Engine, node: ast.AST, owner: Value, name: str, value: Value) -> None:
    """`owner.name = value`."""
    if isinstance(owner, Frame) and owner.holds_label:
        if name not in ("requires_grad", "grad"):
            engine.report(node, undecidable(f"changes .{name} of a frame", tensor_calls.FOLLOW), owner.trail)
    elif isinstance(owner, Symbol | Namespace):
        if not getattr(owner, "dotted", "").startswith("torch.backends"):
            engine.refuse(node, PATCH)
    elif isinstance(owner, Instance):
        engine.remember(owner.of.key, name, value)
        special.called(engine, node, owner, "__setattr__", [Const(name), value])
        for held in choices(owner.of.names.get(name, UNKNOWN)):
            special.called(engine, node, held, "__set__", [owner, value])
    elif isinstance(owner, Class):
        engine.remember(owner.key, name, value)
    else:
        engine.remember(ANY, name, value)
