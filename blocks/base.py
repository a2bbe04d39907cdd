"""The base of every spec: frozen, and with no key that it does not know."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

M = TypeVar("M", bound=BaseModel)

Value = bool | int | float | str
"""A hyperparameter's value."""


class Frozen(BaseModel):
    """A value object; two with equal fields are equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


_FIELDS: dict[type[BaseModel], set[str]] = {}


def made(model: type[M], fields: dict[str, Any]) -> M:
    """A model of what is valid already: as `model_construct`, without its way through aliases and defaults.

    Args:
        model: The model.
        fields: Every field, in the model's order; the model keeps them, so they are to be its own.
    """
    found = model.__new__(model)
    object.__setattr__(found, "__dict__", fields)
    # A frozen model changes its set as little as its fields, so that all may share one.
    if model not in _FIELDS:
        _FIELDS[model] = set(model.model_fields)
    object.__setattr__(found, "__pydantic_fields_set__", _FIELDS[model])
    object.__setattr__(found, "__pydantic_extra__", None)
    object.__setattr__(found, "__pydantic_private__", None)
    return found
