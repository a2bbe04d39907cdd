"""`setpoint simulate`: a folder that stands by itself, and bad input in one clear line."""

import stat
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import SpecError
from sim.cli.settings import settings_from
from sim.dataset import LABEL, load_observations
from sim.networks.generate import generate_network
from sim.networks.presets import type_ladder
from sim.networks.settings import DataSettings
from sim.pictures.trajectories import draw_trajectories, representatives
from sim.seal import load_seal, load_sealed_settings
from sim.simulate import activity_rank, simulate
from tests.cli.conftest import one_line, run


def options(**given: object) -> dict[str, object]:
    return {"preset": "quickstart", "seed": 42, **given}


def test_a_data_set_is_written_as_one_folder_with_the_truth_apart(tmp_path: Path) -> None:
    result = run(
        *("simulate", "quickstart", "--seed", "3", "--frames", "60", "--types", "3", "--noise", "0.01"),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "quickstart-3"
    assert sorted(path.name for path in folder.iterdir()) == [
        "observations",
        "trajectories.png",
        "truth.seal",
    ]
    observations = load_observations(folder / "observations")
    truth = load_seal(folder / "truth.seal", observations_sha256=observations.sha256)
    assert truth.n_types == 3
    assert np.isnan(observations.frames[:, :, LABEL]).all()
    assert stat.S_IMODE((folder / "truth.seal").stat().st_mode) & 0o077 == 0
    settings = load_sealed_settings(folder / "truth.seal")
    expected = DataSettings(
        preset="quickstart",
        seed=3,
        n_frames=60,
        noise=0.01,
        decay=(0.001, 0.002, 0.004),
        baseline=(4.0, 6.0, 5.0),
    )
    assert settings == expected
    assert f"activity rank  {activity_rank(observations.concentration)} of 20" in result.stdout
    assert "20 metabolites, 30 reactions, 60 frames" in result.stdout
    assert "setpoint identify quickstart-3" in result.stdout
    assert "3 metabolite types" in result.stdout
    # Who is of which type is on no line, and in no file but the seal.
    assert str(truth.types.tolist()) not in result.stdout


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "quickstart-42").mkdir()
    (tmp_path / "quickstart-42" / "mine.txt").write_text("kept")
    result = run("simulate", "quickstart", cwd=tmp_path)
    assert result.returncode == 2
    assert one_line(result) == (
        "setpoint: quickstart-42: must not exist yet, but holds files; "
        "remove it, or give another one with --out"
    )
    assert [path.name for path in (tmp_path / "quickstart-42").iterdir()] == ["mine.txt"]
    (tmp_path / "file").write_text("in the way")
    result = run("simulate", "quickstart", "--out", "file/below", cwd=tmp_path)
    assert result.returncode == 2
    assert "give another one with --out" in one_line(result)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("quikstart",), "preset: must be one of"),
        (("quickstart", "--noise", "2"), "noise: must be 0 .. 1, but got 2"),
        (("quickstart", "--noise", "loud"), "--noise"),
        (("quickstart", "--decay", "0.1,x"), "decay"),
        (("quickstart", "--set", "n_metabolite=9"), "--set: must be name=value with one of"),
        (("quickstart", "--set", "log10_k=1,2"), "concentrations must stay finite"),
    ],
)
def test_a_bad_value_is_one_clear_line_and_leaves_nothing_behind(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    result = run("simulate", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert said in one_line(result)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "types", "assignments", "said"),
    [
        ({"decay": "0.1,x"}, None, (), r"decay\.1: must be a number"),
        ({"decay": "0.1,0.2,0.3"}, None, (), "baseline: must have one value per type"),
        ({"decay": "0.1,0.2"}, 3, (), r"--types: must be as many as --decay has \(2\), but got 3"),
        ({"type_fractions": "0.5,0.6"}, None, (), "type_fractions: must sum to 1"),
        ({"regulation": "wild"}, None, (), "regulation: must be one of 'linear' or 'saturating'"),
        ({}, 9, (), r"--types: must be 1 \.\. 8"),
        ({"preset": "pure"}, 2, (), "must come with --decay and --baseline for pure"),
        ({"noise": 0.1}, None, ("noise=0.2",), "noise must be given once"),
        ({}, None, ("flux_limit",), "must be name=value"),
        ({}, None, ("dt=slow",), "dt: must be a number"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(given, types, assignments, said) -> None:
    with pytest.raises(SpecError, match=said):
        settings_from(options(**given), types=types, assignments=assignments)


def test_four_types_are_those_of_the_benchmark_and_lambda_doubles_from_the_presets_first() -> None:
    assert type_ladder(4) == ((0.001, 0.002, 0.004, 0.008), (4.0, 6.0, 5.0, 3.0))
    four = settings_from(options(), types=4, assignments=())
    assert (four.decay, four.baseline) == type_ladder(4)
    assert settings_from(options(), types=2, assignments=()) == DataSettings(preset="quickstart")
    strong = settings_from(options(preset="homeostatic"), types=2, assignments=())
    assert (strong.decay, strong.baseline) == ((0.01, 0.02), (4.0, 6.0))
    own = settings_from(options(decay="0.1,0.2", baseline="1,2"), types=2, assignments=())
    assert (own.decay, own.baseline) == ((0.1, 0.2), (1.0, 2.0))


def test_every_field_can_be_set() -> None:
    found = settings_from(
        options(flux_limit=True),
        types=None,
        assignments=(
            *("n_metabolites=9", "dt=0.05", "topology=random", "exponents=1,2", "max_substrates=3"),
            *("log10_k=-3,-2", "rate_law=additive", "initial=0.5,2", "type_fractions=0.8,0.2"),
        ),
    )
    assert (found.n_metabolites, found.dt, found.topology, found.exponents) == (9, 0.05, "random", (1, 2))
    assert (found.max_substrates, found.log10_k, found.initial) == (3, (-3.0, -2.0), (0.5, 2.0))
    assert (found.rate_law, found.type_fractions, found.flux_limit) == ("additive", (0.8, 0.2), True)


def test_the_picture_depends_on_concentrations_alone_and_its_metabolites_stand_for_all(
    tmp_path: Path,
) -> None:
    data = DataSettings(preset="quickstart", n_frames=80)
    c = simulate(generate_network(data), data)
    chosen = representatives(c)
    spread = c.std(axis=0)
    assert list(spread[chosen]) == sorted(spread[chosen])
    assert {chosen[0], chosen[-1]} == {spread.argmin(), spread.argmax()}
    for name in ("a.png", "b.png"):
        draw_trajectories(c, 0.1, tmp_path / name, title="quickstart #42")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    draw_trajectories(c[:, ::-1], 0.1, tmp_path / "c.png", title="quickstart #42")
    assert (tmp_path / "c.png").read_bytes() != (tmp_path / "a.png").read_bytes()


@pytest.mark.parametrize("value", [0.0, 2.5])
def test_a_picture_of_what_never_moves_can_be_drawn(tmp_path: Path, value: float) -> None:
    draw_trajectories(np.full((10, 3), value), 0.1, tmp_path / "still.png", title="still")
    assert (tmp_path / "still.png").stat().st_size > 0
