"""Strategies of a user's own, from the command line to the run store."""

import json
import re
import shutil
from pathlib import Path

import pytest

from agent.guard import Verdict, check_source
from blocks.errors import SpecError
from blocks.user_strategy import strategy_file
from tests.agent.guard.corpus.strategy import module_of
from tests.cli.conftest import Setpoint, one_line, run

CALM = """
from typing import Annotated, ClassVar

from pydantic import Field

from blocks.base import Frozen
from sim.strategies import Strategy
from sim.training.plan import Batch

{imports}


class Calm(Strategy):
    class Options(Frozen):
        weight: Annotated[float, Field(gt=0, le=10, description="Weight.")] = 0.1

    name: ClassVar[str] = "calm"
    summary: ClassVar[str] = "small responses where windows start"
    reference: ClassVar[str] = "none"

    def loss(self, batch: Batch):
        {loss}


class Alone:
    pass
"""

HELPER = """
from sim.training.replicates import mean_of_each


def squares(values):
    return mean_of_each(values.square())
"""

CLEAN = "return self.options.weight * squares(batch.response(batch.frames[..., 3]))"

TINY = """
name: {name}
data: {{preset: quickstart, seed: 42}}
objective: heldout_gain
replicates: 1
block: {{batches: 1, slots: 1}}
space:
  time_step: {{kind: per_slot, values: [16]}}
  lr_node_homeo: {{kind: log, low: 1e-4, high: 1e-1}}
baseline: {{lr_node_homeo: 1e-2, lr_emb_homeo: 1e-2, data_augmentation_loop: 1, batch_size: 8{more}}}
strategies: {{baseline: [rollout{baseline}], files: [{files}]}}
"""


MINE = '"own/mine.py:Calm"'


def write_strategy(folder: Path, *, loss: str = CLEAN, imports: str = "from helper import squares") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "mine.py").write_text(CALM.format(loss=loss, imports=imports))
    (folder / "helper.py").write_text(HELPER)


def write_tiny(
    folder: Path, *, baseline: str = ", calm", files: str = MINE, more: str = "", name: str = "tiny"
) -> str:
    text = TINY.format(name=name, baseline=baseline, files=files, more=more)
    (folder / f"{name}.yaml").write_text(text)
    return f"{name}.yaml"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which an exploration with a strategy of one's own has run."""
    folder = tmp_path_factory.mktemp("own")
    write_strategy(folder / "own")
    result = run("launch", write_tiny(folder, more=", calm.weight: 0.2"), cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.slow
def test_a_strategy_of_ones_own_is_trained_and_told_apart_when_edited(
    trained: Path, setpoint: Setpoint, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)  # and it goes on where it was moved to
    runs = json.loads(setpoint("runs", "--format", "json").stdout)
    assert [(run["state"], run["calm.weight"]) for run in runs] == [("done", 0.2)]
    copies = list((tmp_path / "setpoint-workspace" / "strategies").iterdir())
    assert [sorted(path.name for path in copy.iterdir()) for copy in copies] == [["helper.py", "mine.py"]]

    (tmp_path / "own" / "helper.py").write_text(HELPER + "\n# said better\n")
    edited = setpoint("launch", "tiny.yaml")
    assert edited.returncode == 0, edited.stderr
    assert "nothing left to do" in edited.stdout
    assert "mine.py:Calm is another version than at the last launch" in edited.stderr


def test_a_strategy_that_reads_the_label_is_refused_before_it_is_loaded(
    setpoint: Setpoint, tmp_path: Path
) -> None:
    write_strategy(
        tmp_path / "own", loss="return batch.frames[..., 6].mean()", imports="print('loaded', flush=True)"
    )
    result = setpoint("launch", write_tiny(tmp_path, baseline="", files=""), "--strategy", "own/mine.py:Calm")
    assert result.returncode == 1
    assert "the guard refuses the strategy mine.py" in result.stderr
    assert "batch.frames[..., 6]" in result.stderr
    assert "loaded" not in result.stdout + result.stderr


BAD = {
    "own/nothing.py:Calm": "must name a file that can be read, but",
    "own/mine.py:Calmer": "must name a class of mine.py, but it has no Calmer; it has Calm, Alone",
    "own/mine.py": "must be like my_strategy.py:Name, but got 'own/mine.py'",
}


@pytest.mark.parametrize("reference", BAD)
def test_what_names_no_class_of_a_file_is_refused(reference: str, tmp_path: Path) -> None:
    write_strategy(tmp_path / "own")
    with pytest.raises(SpecError, match=re.escape(BAD[reference])):
        strategy_file(reference, base=tmp_path)


def test_what_is_no_strategy_is_refused_in_one_line(setpoint: Setpoint, tmp_path: Path) -> None:
    write_strategy(tmp_path / "own")
    path = write_tiny(tmp_path, baseline="", files="")
    result = setpoint("launch", path, "--strategy", "own/mine.py:Alone")
    assert result.returncode == 2
    said = "mine.py:Alone: must be a subclass of sim.strategies.Strategy, but is the class Alone"
    assert said in one_line(result)


HINT = """
from frame_reader import weights


def hint(batch):
    return weights()
"""


@pytest.mark.slow
def test_a_leak_that_reading_cannot_find_is_stopped_before_the_first_training(
    trained: Path, setpoint: Setpoint, tmp_path: Path
) -> None:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)  # the data are made, and the reaction model fitted
    assert check_source(module_of(HINT), "theirs.py").verdict is Verdict.CLEAN
    (tmp_path / "theirs.py").write_text(module_of(HINT))
    path = write_tiny(tmp_path, baseline=", snippet", files='"theirs.py:Snippet"', name="theirs")
    for _ in range(2):  # a launch that goes on does not forget
        result = setpoint("launch", path)
        assert result.returncode == 1
        assert "The label column must not be read while training, but `" in one_line(result)
        assert "at frame_reader.py:" in one_line(result)
    runs = setpoint("runs", "--exploration", "theirs", "--format", "json")
    assert json.loads(runs.stdout or "[]") == []
