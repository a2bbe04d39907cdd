"""Prior knowledge meets what runs show: settled by what is established, leaning by the rest, worth a test."""

from random import Random

import pytest
from made_up_history import METRICS, run, slot, spec
from test_contradictions import beats, slopes

from blocks.exploration import ExplorationSpec
from blocks.guidance import PriorClaim
from blocks.run import Run
from blocks.slot import show_value
from memory.entries import Entry, known_by
from memory.orders import order_entries
from memory.prior_store import PriorLine
from memory.priors import JudgedPrior, judged, open_priors, verdict
from memory.seed_document import LineKind


def line(text: str, number: int = 1, *, heading: str = "Training strategies") -> PriorLine:
    return PriorLine(file="seed.md", line=number, kind=LineKind.STATEMENT, heading=heading, text=text)


def judge(text: str, *entries: Entry) -> JudgedPrior:
    (found,) = judged(spec(), [line(text)], entries)
    return found


def helps(name: str, *, off: bool = False, status: str = "established") -> Entry:
    pair = ("off", "on") if off else ("on", "off")
    fields = {"key": known_by("effect", name, pair[0]), "topic": "Strategies", "text": f"{name} {pair[0]}."}
    return Entry.model_validate({**fields, "subject": name, "pairs": (pair,), "status": status})


@pytest.mark.parametrize(
    ("text", "entry", "status"),
    [
        ("residual helps", helps("residual"), "confirmed"),
        ("residual helps", helps("residual", off=True), "refuted"),
        ("avoid residual", helps("residual"), "refuted"),
        ("avoid residual", helps("residual", off=True), "confirmed"),
        ("time_step=32: best", beats(32, 4, status="established"), "confirmed"),
        ("time_step=32: best", beats(64, 32, status="established"), "refuted"),
        ("time_step=4: too short", beats(32, 4, status="established"), "confirmed"),
        ("time_step=32: best", beats(16, 4, status="established"), "prior"),
        ("residual helps", helps("amplification"), "prior"),
    ],
)
def test_an_established_statement_settles_what_is_about_the_same(
    text: str, entry: Entry, status: str
) -> None:
    found = judge(text, entry)
    assert found.status == status
    assert found.by == (() if status == "prior" else (entry,))


def test_a_tentative_statement_settles_nothing_and_says_which_way_it_leans() -> None:
    found = judge("residual helps", helps("residual", off=True, status="tentative"))
    assert (found.status, found.leaning) == ("prior", "against")
    assert judge("residual helps", helps("residual", status="refuted")).leaning is None
    silent = Entry(key="residual|equal|", topic="", text="", subject="residual", runs=(3, 7), n_pairs=1)
    assert judge("residual helps", silent).looked == (3, 7)


def test_no_difference_that_matters_refutes_that_something_helps() -> None:
    flat = Entry(
        key="equal|residual", topic="", text="residual: no difference.", subject="residual",
        equal=(("on", "off"),), status="established",
    )  # fmt: skip
    assert judge("residual helps", flat).status == "refuted"


@pytest.mark.parametrize(
    ("claim", "entry", "said"),
    [
        (("prefer", "higher", None), slopes("higher"), "for"),
        (("prefer", "higher", None), slopes("lower"), "against"),
        (("prefer", "at least", 0.01), slopes("higher", None, 0.1), "for"),
        (("prefer", "at least", 0.01), slopes("lower", None, 0.1), "against"),
        (
            ("prefer", "at least", 0.01),
            slopes("lower", 0.05, 0.1),
            None,
        ),  # of what lies above nothing is said
        (("avoid", "at least", 0.05), slopes("lower", 0.05, 0.1), "for"),
    ],
)
def test_limits_and_directions_are_held_against_ranges(
    claim: tuple[str, str, float | None], entry: Entry, said: str | None
) -> None:
    direction, kind, value = claim
    fields = {"direction": direction, "subject": "lr", "kind": kind, "value": value}
    assert verdict(PriorClaim.model_validate(fields), entry) == said


def test_a_condition_elsewhere_says_nothing() -> None:
    there = beats(64, 32, status="established").model_copy(update={"condition": (("lr_node_homeo", 0.1),)})
    here = judge("time_step=32: best at lr_node_homeo=0.01", there)
    assert here.claims[0].condition == (("lr_node_homeo", 0.01),)
    assert here.status == "prior"


def test_open_priors_come_in_the_order_in_which_a_test_of_them_is_worth_most() -> None:
    lines = [
        line("residual helps", 1),
        line("Signal amplification (10x): makes it comparable", 2),
        line("time_step=32: best", 3),
        line("time_step=4: too short", 4),
        line("The weather was fine", 5),
        line("residual helps", 6),
    ]
    entries = [beats(4, 16), beats(16, 64, status="established")]
    found = judged(spec(), lines, entries)
    assert [one.line.line for one in found] == [1, 2, 3, 4, 5]  # what is said twice counts once
    order = [(prior.source, show_value(prior.claim.value)) for prior in open_priors(spec(), found)]
    assert order == [
        ("seed.md:4", "4"),  # first runs speak against it
        ("seed.md:2", "unset"),  # the first block takes it for granted
        ("seed.md:2", "10"),
        ("seed.md:1", "unset"),
        ("seed.md:3", "32"),
    ]


ABOVE = "lr_node_homeo must be higher than lr_emb_homeo"


def two_rates(*, better_above: bool, noise: float = 0.001) -> list[Run]:
    """Runs at several surroundings, with the one rate on either side of the other."""
    rng, made = Random(1), []
    for time_step in (4, 16, 32, 64):
        for rate in (1e-3, 1e-1):
            chosen = slot(time_step, lr_node_homeo=rate, lr_emb_homeo=1e-2)
            gain = 0.2 if (rate > 1e-2) == better_above else 0.1
            gains = [gain + 0.01 * time_step + rng.gauss(0, noise) for _ in range(3)]
            made.append(run(len(made) + 1, chosen, gains=gains))
    return made


def of_two_rates() -> ExplorationSpec:
    return spec().model_copy(update={"baseline": {**spec().baseline, "lr_emb_homeo": 1e-2}})


@pytest.mark.parametrize(("better_above", "leaning"), [(True, "for"), (False, "against")])
def test_an_order_of_two_hyperparameters_is_asked_of_runs_in_which_one_change_turns_it(
    better_above: bool, leaning: str
) -> None:
    lines, runs = [line(ABOVE)], two_rates(better_above=better_above)
    (entry,) = order_entries(of_two_rates(), runs, lines, metrics=METRICS)
    assert entry.n_pairs == 4
    assert entry.text == f"lr_node_homeo above lr_emb_homeo is {'better' if better_above else 'worse'}."
    assert entry.evidence.startswith("[4 pairs, +0.1" if better_above else "[4 pairs, -0.1")
    (found,) = judged(of_two_rates(), lines, [entry])
    assert (found.status, found.leaning) == ("prior", leaning)


def test_an_order_that_nobody_claims_is_not_asked_and_noise_claims_nothing() -> None:
    assert order_entries(of_two_rates(), two_rates(better_above=True), [], metrics=METRICS) == []
    noisy = two_rates(better_above=True, noise=1.0)
    (entry,) = order_entries(of_two_rates(), noisy, [line(ABOVE)], metrics=METRICS)
    assert not entry.claims
    assert order_entries(of_two_rates(), noisy[:1], [line(ABOVE)], metrics=METRICS) == []
