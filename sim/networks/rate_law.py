"""The rate laws, by their names: apart, so that settings are read without the arrays of a network."""

from enum import StrEnum


class RateLaw(StrEnum):
    """How the substrates of a reaction combine."""

    MASS_ACTION = "mass_action"
    ADDITIVE = "additive"
