"""The base of every spec: frozen, and with no key that it does not know."""

from pydantic import BaseModel, ConfigDict

Value = bool | int | float | str
"""A hyperparameter's value."""


class Frozen(BaseModel):
    """A value object; two with equal fields are equal."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)
