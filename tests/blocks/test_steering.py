"""What people ask for in words: read, refused with a remedy, and obeyed by every slot."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.constraints import Constraint, narrow
from blocks.errors import SpecError
from blocks.guidance import Guidance
from blocks.slot import Proposal, Role, SlotSpec
from blocks.space import LogParameter, PerSlotParameter
from blocks.steering import Release, is_instruction, read_instructions
from blocks.vocabulary import Vocabulary
from tests.agent.landscapes import toy_spec

SPEC = toy_spec()
WORDS = Vocabulary(SPEC)


def ask(*lines: str) -> list[Constraint]:
    return [one for line in lines for one in read_instructions(line, WORDS) if isinstance(one, Constraint)]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("fix time_step=32", ["fix time_step=32"]),
        ("Fix time step to 32.", ["fix time_step=32"]),
        ("- fix `time_step` = 32", ["fix time_step=32"]),
        ("only time_step=16, 32", ["only time_step=16, 32"]),
        ("only time_step 16 or 32", ["only time_step=16, 32"]),
        ("keep lr < 0.01", ["keep lr < 0.01"]),
        ("keep lr below 1e-2", ["keep lr < 0.01"]),
        ("keep lr between 1e-3 and 1e-2", ["keep lr >= 1e-3", "keep lr <= 0.01"]),
        ("use residual", ["use residual"]),
        ("avoid clipping", ["avoid clipping"]),
        ("avoid clipping, rollout", ["avoid clipping", "avoid rollout"]),
        ("avoid time_step=64", ["avoid time_step=64"]),
        ("only rollout, clipping", ["avoid residual", "avoid contrastive"]),
        ("fix clipping.norm=1", ["fix clipping.norm=1"]),
        ("use residual; fix lr=0.01", ["use residual", "fix lr=0.01"]),
    ],
)
def test_an_instruction_is_read_however_it_is_spelled(said: str, read: list[str]) -> None:
    assert [one.text for one in ask(said)] == read


@pytest.mark.parametrize(
    "said", ["I doubt time_step 64.", "note: use less of lr", "", "fix", "reuse rollout"]
)
def test_what_is_no_instruction_is_a_note(said: str) -> None:
    assert not is_instruction(said)
    assert read_instructions(said, WORDS) == []


def test_a_release_names_what_it_lifts() -> None:
    assert read_instructions("release time step", WORDS) == [Release("time_step", None)]
    assert read_instructions("release #3", WORDS) == [Release(None, 3)]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("fix time_stp=32", "time_stp is no hyperparameter of toy; did you mean time_step?"),
        ("fix time_step=33", r"time_step must be one of 4, 16, 32, 64 \(fixed per slot\), but got 33"),
        ("fix time_step", "needs a value, as in `fix time_step=32`"),
        ("fix lr=1e-9", r"lr must be 0.0001 .. 0.1 \(log\), but got 1e-09"),
        ("avoid residul", "did you mean residual?"),
        ("use time_step", "time_step is a hyperparameter; try `fix time_step=...`"),
        ("fix residual=1", "residual is a strategy, which has no value; try `use residual`"),
        ("keep lr", "needs a range"),
        ("keep lr < high", "must be a number, but got 'high'"),
        ("keep lr between 1 and 0.1", "must rise"),
        ("use your head", "write `note: use your head` to keep it as a note"),
        ("release momentum", "momentum is no hyperparameter or strategy of toy"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line_with_a_remedy(said: str, error: str) -> None:
    with pytest.raises(SpecError, match=error) as caught:
        read_instructions(said, WORDS)
    assert "\n" not in str(caught.value)
    assert repr(said) in str(caught.value)


def test_a_fixed_value_becomes_an_invariant_of_every_slot_and_leaves_the_sweeps() -> None:
    fixed = narrow(SPEC, ask("fix lr=0.003", "fix time_step=16")).spec
    assert [fixed.space.invariants(slot) for slot in range(4)] == [{"time_step": 16, "lr": 0.003}] * 4
    assert fixed.sweep == {}
    assert fixed.baseline["lr"] == 0.003


def test_a_bound_narrows_range_baseline_and_sweep() -> None:
    bounded = narrow(SPEC, ask("keep lr < 0.01")).spec
    lr = bounded.space["lr"]
    assert isinstance(lr, LogParameter)
    assert (lr.low, lr.high < 0.01) == (1e-4, True)
    assert lr.contains(bounded.baseline["lr"])
    assert bounded.sweep["lr"] == (1e-3, 3e-3, 1e-3, 3e-3)


def test_a_number_that_is_excluded_moves_to_one_beside_it() -> None:
    narrowed = narrow(SPEC, ask("avoid lr=0.01", "avoid loops=100")).spec
    lr, loops = float(narrowed.baseline["lr"]), narrowed.baseline["loops"]
    assert lr != 0.01
    assert 0.009 < lr < 0.011
    assert loops != 100
    assert 95 < loops < 105


def test_slots_whose_value_is_excluded_take_one_that_is_left() -> None:
    left = narrow(SPEC, ask("avoid time_step=64")).spec.space["time_step"]
    assert isinstance(left, PerSlotParameter)
    assert left.values[:3] == (4, 16, 32)
    assert left.values[3] in (4, 16, 32)


@pytest.mark.parametrize(
    "lines",
    [
        ("fix time_step=32", "fix time_step=16"),
        ("use residual", "avoid residual"),
        ("keep lr < 1e-3", "keep lr > 1e-2"),
        ("fix time_step=32", "avoid time_step=32"),
        ("keep loops >= 500", "keep loops < 501"),
        ("fix lr=0.01", "keep lr > 0.02"),
    ],
)
def test_constraints_that_contradict_each_other_are_both_named(lines: tuple[str, str]) -> None:
    with pytest.raises(SpecError, match="contradict each other") as caught:
        narrow(SPEC, ask(*lines))
    for one in ask(*lines):
        assert f"`{one}`" in str(caught.value)


LINES = st.lists(
    st.sampled_from(
        [
            "fix time_step=32", "only time_step=4, 64", "avoid time_step=16", "fix lr=0.003",
            "keep lr < 0.01", "keep lr >= 1e-3", "keep loops between 20 and 200", "keep loops > 50",
            "fix loops=100", "use residual",
            "avoid clipping", "use contrastive", "avoid rollout; use residual", "fix clipping.norm=10",
            "avoid clipping.norm=1", "only lr=0.001, 0.02",
        ]
    ),
    max_size=4,
    unique=True,
)  # fmt: skip


@given(lines=LINES, seed=st.integers(0, 10**6))
def test_whatever_a_planner_proposes_is_brought_to_obey_or_refused(lines: list[str], seed: int) -> None:
    guidance, rng = Guidance(constraints=tuple(ask(*lines))), Random(seed)
    try:
        narrowed = guidance.narrow(SPEC)
    except SpecError:
        return
    slot = rng.randrange(4)
    values = {name: parameter.sample(rng) for name, parameter in SPEC.space.tunable.items()}
    values |= SPEC.space.invariants(slot)
    strategies = tuple(rng.sample(WORDS.strategies, rng.randrange(4)))
    chosen = SlotSpec(values=values, strategies=strategies, seeds=(1,))
    before = Proposal(slot=slot, spec=chosen, role=Role.EXPLOIT, reason="why")
    (after,) = guidance.obeyed_by([before], SPEC)
    assert guidance.allows(after.spec.values, after.spec.strategies)
    assert after.spec.values.keys() == values.keys()
    assert all(after.reason.count(str(one)) for one in guidance.constraints[:3])
    if guidance.allows(values, strategies):
        assert after.spec == before.spec
    moved, kept = guidance.brought(narrowed, after.spec.values, after.spec.strategies, slot=slot)
    assert guidance.allows(moved, kept)
