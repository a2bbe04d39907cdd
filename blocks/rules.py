"""Broken rules in the reader's words: `space.lr.low: must be above 0, but got 0`.

Pydantic knows which rule broke; this module says it with the key as it stands in the file, the
value, the allowed range, the unit, and for an unknown key the nearest known one.
"""

import difflib
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic.fields import FieldInfo

_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}

_KINDS = {
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "invalid_key": "text",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def explain(error: ValidationError, model: type[BaseModel], *, where: tuple[str, ...] = ()) -> str:
    """The first broken rule of a validation, in one line.

    Args:
        error: What pydantic raised.
        model: The model that was to be built.
        where: Keys that lead to it in the file.
    """
    details = error.errors(include_url=False)
    # A value that fits no member of a union breaks one rule per member: the first key's are one problem.
    first = details[0]
    location, fields = _follow(model, first["loc"])
    key = ".".join((*where, *map(str, location)))
    kind, context, value = first["type"], first.get("ctx", {}), first["input"]
    if kind == "extra_forbidden":
        return _unknown(key, str(location[-1]), fields)
    if kind == "missing":
        return f"{key}: is missing{_meaning(fields.get(str(location[-1])))}"
    if kind == "value_error":
        return _own_rule(key, str(context["error"]), value)
    field = fields.get(str(location[-1])) if location else None
    # A hyperparameter may be any scalar: where none fits, pydantic names the first that does not.
    scalar = first["loc"][-1:] == ("bool",)
    rule = _rule(kind, context, first["msg"], field, scalar=scalar)
    return f"{key}: must be {rule}, but got {_show(value)}{_meaning(field)}"


def _rule(
    kind: str, context: Mapping[str, Any], message: str, field: FieldInfo | None, *, scalar: bool
) -> str:
    if scalar:
        return "a single value (a number, text, true or false)"
    if kind in _BOUNDS:
        return _range(field) or f"{_BOUNDS[kind][0]} {context[_BOUNDS[kind][1]]:g}"
    if kind in ("literal_error", "enum"):
        return f"one of {context['expected']}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        tags = context.get("expected_tags", "'log', 'linear', 'int', 'categorical', 'per_slot'")
        return f"given with `kind:` one of {tags}"
    if kind == "too_short":
        return f"a list of at least {context['min_length']}"
    if kind == "too_long":
        return f"a list of at most {context['max_length']}"
    if kind == "string_pattern_mismatch":
        return f"of the form {context['pattern']}"
    if kind == "model_type" and field is None:
        return "a mapping of keys to values"
    if kind in _KINDS:
        bounds = _range(field)
        return _KINDS[kind] + (f" {bounds}" if bounds else "")
    return message[0].lower() + message[1:]


def _own_rule(key: str, message: str, value: object) -> str:
    """A rule of our own says its key itself when it concerns a part of what was checked."""
    head = message.split(":", 1)[0]
    if ":" in message and " " not in head:
        return f"{key}.{message}" if key else message
    shown = "" if isinstance(value, dict | list) or "but got" in message else f", but got {_show(value)}"
    rule, _, remedy = message.partition("; ")
    return f"{key}: {rule}{shown}" + (f". {remedy[0].upper()}{remedy[1:]}." if remedy else "")


def _unknown(key: str, name: str, fields: Mapping[str, FieldInfo]) -> str:
    near = difflib.get_close_matches(name, fields, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{key}: is not a known key; {hint}known here: {', '.join(fields)}"


def _range(field: FieldInfo | None) -> str:
    """`above 0`, `0 .. 1`, from the bounds that a field declares."""
    if field is None:
        return ""
    bounds = {
        name: getattr(rule, name)
        for rule in _constraints(field)
        for name in ("gt", "ge", "lt", "le")
        if getattr(rule, name, None) is not None
    }
    if {"ge", "le"} <= bounds.keys():
        return f"{bounds['ge']} .. {bounds['le']}"
    words = [f"{word} {bounds[name]}" for word, name in _BOUNDS.values() if name in bounds]
    return " and ".join(words)


def _constraints(field: FieldInfo) -> list[Any]:
    found = list(field.metadata)
    pending = [field.annotation]
    while pending:
        annotation = pending.pop()
        if get_origin(annotation) is Annotated:
            inner, *metadata = get_args(annotation)
            found += metadata
            pending.append(inner)
        elif get_origin(annotation) in (Union, types.UnionType):
            pending += get_args(annotation)
    return found


def _meaning(field: FieldInfo | None) -> str:
    return f" ({field.description.rstrip('.')})" if field is not None and field.description else ""


def _show(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _follow(
    model: type[BaseModel], location: Sequence[str | int]
) -> tuple[list[str | int], Mapping[str, FieldInfo]]:
    """The keys of a location as the file has them, and the fields known where it ends.

    Pydantic puts the tags of discriminated unions and the names of union members into a location;
    they stand in no file and are left out.
    """
    keys: list[str | int] = []
    candidates: list[Any] = [model]
    fields: Mapping[str, FieldInfo] = {}
    for step in location:
        models = [m for candidate in candidates for m in _models(candidate)]
        known = [m for m in models if step in m.model_fields]
        fields_here = {name: info for m in models for name, info in m.model_fields.items()}
        tagged = [m for m in models if "kind" in m.model_fields and m.model_fields["kind"].default == step]
        if tagged and len(models) > 1:
            candidates = list(tagged)
        elif known:
            keys.append(step)
            fields = fields_here
            candidates = [m.model_fields[str(step)].annotation for m in known]
        elif any(_is_container(candidate) for candidate in candidates):
            keys.append(step)
            candidates = [part for candidate in candidates for part in _parts(candidate)]
        elif models:
            keys.append(step)
            fields, candidates = fields_here, []
        # Anything else is the name of a scalar member of a union: no key.
    return keys, fields


def _unwrap(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _unwrap(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for part in get_args(annotation) for inner in _unwrap(part)]
    return [annotation]


def _models(annotation: Any) -> list[type[BaseModel]]:
    return [
        part
        for part in _unwrap(annotation)
        if isinstance(part, type) and issubclass(part, BaseModel) and not issubclass(part, RootModel)
    ]


def _is_container(annotation: Any) -> bool:
    return bool(_parts(annotation))


def _parts(annotation: Any) -> list[Any]:
    """What a mapping or a sequence holds."""
    found: list[Any] = []
    for part in _unwrap(annotation):
        if isinstance(part, type) and issubclass(part, RootModel):
            found += _parts(part.model_fields["root"].annotation)
        elif get_origin(part) is dict:
            found.append(get_args(part)[1])
        elif get_origin(part) is tuple:
            found.append(get_args(part)[0])
    return found
