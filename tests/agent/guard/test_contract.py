"""What the static layer takes for granted of the science is what the science is."""

import inspect
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, get_type_hints

import pytest

from agent.guard.contract import CONSTANTS, FOLLOWED, HARMLESS, HOLDS, HOOKS, N_COLUMNS, STRATEGIES
from sim.strategies import Strategy
from sim.training import data, plan

HANDED = {"Batch": plan.Batch, "TrainingPlan": plan.TrainingPlan, "TrainingData": data.TrainingData}


def attributes(of: type) -> dict[str, Any]:
    """Types of the public attributes, properties included."""
    known: dict[str, Any] = get_type_hints(of) if is_dataclass(of) else {}
    for name, member in inspect.getmembers(of):
        getter = member.func if isinstance(member, cached_property) else getattr(member, "fget", None)
        if getter is not None:
            known[name] = get_type_hints(getter)["return"]
    return {name: kind for name, kind in known.items() if not name.startswith("_")}


@pytest.mark.parametrize("name", HANDED)
def test_every_attribute_that_leads_to_frames_is_known(name: str) -> None:
    leads: dict[str, int | str] = {}
    for attribute, kind in attributes(HANDED[name]).items():
        shape = str(getattr(kind, "dim_str", "")).split()
        if shape and shape[-1] == str(N_COLUMNS):
            leads[attribute] = len(shape)
        elif getattr(kind, "__name__", "") in HOLDS:
            leads[attribute] = kind.__name__
    assert leads == HOLDS[name]


@pytest.mark.parametrize("name", HANDED)
def test_what_counts_as_harmless_holds_no_frame(name: str) -> None:
    assert HARMLESS.isdisjoint(HOLDS[name])


def test_hooks_get_what_is_written_down() -> None:
    hooks = {
        name: member
        for name, member in inspect.getmembers(Strategy, inspect.isfunction)
        if not name.startswith("_")
    }
    assert set(HOOKS) == set(hooks)
    for name, kinds in HOOKS.items():
        given = [one for one in inspect.signature(hooks[name]).parameters if one != "self"]
        assert len(given) == len(kinds), name
        for kind in kinds:
            assert kind == "int" or kind in HOLDS


def test_constants_and_packages_are_those_of_the_science() -> None:
    for dotted, value in CONSTANTS.items():
        module, _, name = dotted.rpartition(".")
        assert getattr(import_module(module), name) == value
    assert Strategy.__module__.rpartition(".")[0] == STRATEGIES
    modules = {one.__module__.partition(".")[0] for one in (*HANDED.values(), Strategy)}
    assert modules <= FOLLOWED
    assert all(is_dataclass(one) and fields(one) for one in HANDED.values())
