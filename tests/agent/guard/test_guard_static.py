"""Layer 2 as a whole: its reports, what it does with files, and that our own training code passes it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from agent.cli.guard import guard
from agent.guard import Verdict, check_paths, check_source, to_json, to_sarif, to_text
from blocks.errors import DataError
from sim.problem import MetabolicProblem

STRATEGY = '''\
"""A strategy."""


def pull_types_apart(batch, embeddings):
    frames = batch.frames
    names = ["index", "u", "v", "c", "input", "e", "g"]
    weights = frames.T[names.index("g")]
    return (embeddings * weights).sum()
'''


def test_a_leak_is_shown_with_its_line_carets_way_and_remedy() -> None:
    report = check_source(STRATEGY, "my_strategy.py")
    (finding,) = report.findings
    assert (finding.line, finding.column, finding.verdict) == (7, 15, Verdict.LEAK)
    assert finding.expression == 'frames.T[names.index("g")]'


def test_the_text_report_reads_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "my_strategy.py"
    path.write_text(STRATEGY)
    assert to_text(check_paths([path])) == (
        f"{path}:7:15  leak  uses the label column\n"
        '    weights = frames.T[names.index("g")]\n'
        "              ^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "    frames comes from `batch.frames` (line 5); after .T its columns 0..7 lie along axis 0; "
        "names.index('g') is 6\n"
        "    Use batch.concentration, or move this to an evaluation metric, where labels are open.\n"
        "1 leak, 0 undecidable in 1 file"
    )


def test_the_json_report_holds_every_finding(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(STRATEGY)
    (tmp_path / "b.py").write_text("def f(batch, k):\n    return batch.frames[..., k]\n")
    report = check_paths([tmp_path])
    document = json.loads(to_json(report))
    assert document["verdict"] == "leak"
    assert (document["n_files"], document["leaks"], document["undecidable"]) == (2, 1, 1)
    assert [finding["verdict"] for finding in document["findings"]] == ["leak", "undecidable"]
    assert report.verdict is Verdict.LEAK
    assert (len(report.leaks), len(report.undecidable), report.n_files) == (1, 1, 2)


def test_a_folder_is_walked_and_a_file_that_is_named_twice_is_checked_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    inner = tmp_path / "deep" / "clean.py"
    inner.write_text("def f(batch):\n    return batch.concentration.mean()\n")
    (tmp_path / "notes.txt").write_text("x[:, 6]")
    report = check_paths([tmp_path, inner])
    assert report.n_files == 1
    assert report.verdict is Verdict.CLEAN
    assert to_text(report) == "0 leaks, 0 undecidable in 1 file"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"def f(:\n", "line 1: is not Python", id="a syntax error"),
        pytest.param(b"\xff\xfe", "must be UTF-8 text, but byte 0 is not", id="not UTF-8"),
        pytest.param(b"a = 1\0", "is not Python", id="a null byte"),
        pytest.param(None, "cannot be read", id="no such file"),
    ],
)
def test_a_file_that_cannot_be_checked_is_one_clear_error(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "odd.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        check_paths([path])
    assert "odd.py" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_loader_may_open_files_and_may_not_reach_the_truth(tmp_path: Path) -> None:
    path = tmp_path / "parameters.py"
    path.write_text("import numpy as np\n\ndef load(path):\n    return np.load(path)\n")
    assert check_paths([path]).verdict is Verdict.UNDECIDABLE
    assert check_paths([path], loaders=[path]).verdict is Verdict.CLEAN
    path.write_text("from sim.seal import load_seal\n")
    assert check_paths([path], loaders=[path]).verdict is Verdict.LEAK


def test_a_module_that_is_too_involved_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    lines = ["def f0(x):\n    return [x]\n"]
    lines += [
        f"def f{i}(x):\n    return {' + '.join(f'f{i - 1}([x, {k}])' for k in range(9))}\n"
        for i in range(1, 9)
    ]
    path.write_text("\n".join(lines))
    report = check_paths([path])
    assert report.verdict is Verdict.UNDECIDABLE
    assert "too involved" in report.undecidable[0].what


def test_findings_come_in_the_order_of_the_lines() -> None:
    text = "def f(x, batch):\n    eval('1')\n    return batch.frames.sum() + x[:, 6]\n"
    report = check_source(text, "a.py")
    assert [(finding.line, finding.column) for finding in report.findings] == [(2, 5), (3, 12), (3, 33)]


def test_columns_are_counted_in_characters_also_after_wide_letters() -> None:
    (finding,) = check_source("def f(x): λ = 'größe'; y = x[:, 6]\n", "a.py").findings
    assert finding.column == 28
    assert finding.expression == "x[:, 6]"


@pytest.mark.parametrize("name", ["x", "frames", "embeddings"])
def test_a_name_means_nothing_and_an_annotation_settles_it(name: str) -> None:
    (finding,) = check_source(f"def f({name}):\n    return {name}[:, 6]\n", "a.py").findings
    assert finding.verdict is Verdict.UNDECIDABLE
    assert f"`{name}: Float[Tensor" in finding.remedy
    head = "from jaxtyping import Float\nfrom torch import Tensor\n\n"
    other = f'def f({name}: Float[Tensor, "replicate window"]):\n    return {name}[:, 6]\n'
    frame = f'def f({name}: Float[Tensor, "metabolite 8"]):\n    return {name}[:, 6]\n'
    assert check_source(head + other, "a.py").verdict is Verdict.CLEAN
    assert check_source(head + frame, "a.py").verdict is Verdict.LEAK


HELPERS = {
    "helpers.py": "KIND = 6\n\n\ndef pick(values, k):\n    return values[..., k]\n",
    "kept.py": "class Held:\n    def __init__(self, f):\n        self.f = f\n",
}


@pytest.mark.parametrize(
    ("body", "file"),
    [
        ("from helpers import pick\n\n\ndef loss(batch):\n    return pick(batch.frames, 6)\n", "helpers.py"),
        ("import helpers as h\n\n\ndef loss(batch):\n    return batch.frames[..., h.KIND]\n", "mine.py"),
        ("from helpers import *\n\n\ndef loss(batch):\n    return pick(batch.frames, KIND)\n", "helpers.py"),
        ("from kept import Held\n\n\ndef loss(batch):\n    return Held(batch.frames).f[..., 6]\n", "mine.py"),
    ],
)
def test_a_read_is_found_in_the_module_where_it_happens(tmp_path: Path, body: str, file: str) -> None:
    for name, text in HELPERS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "mine.py").write_text(body)
    report = check_paths([tmp_path / "mine.py"])
    assert [Path(finding.path).name for finding in report.leaks] == [file]
    clean = (
        body.replace("6", "3").replace("KIND", "__name__") if "KIND" not in body else HELPERS["helpers.py"]
    )
    (tmp_path / "mine.py").write_text(clean)
    assert check_paths([tmp_path / "mine.py"]).verdict is Verdict.CLEAN


def test_relative_imports_of_a_package_are_followed(tmp_path: Path) -> None:
    package = tmp_path / "mine"
    (package / "parts").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "parts" / "__init__.py").write_text("from .picking import pick\n")
    (package / "parts" / "picking.py").write_text("def pick(values):\n    return values.select(-1, 6)\n")
    (package / "loss.py").write_text(
        "from .parts import pick\n\n\ndef loss(batch):\n    return pick(batch.frames)\n"
    )
    report = check_paths([package])
    assert [Path(finding.path).name for finding in report.leaks] == ["picking.py"]
    assert any("passed to pick()" in step for step in report.leaks[0].trail)


def test_training_code_may_not_import_evaluation_code(tmp_path: Path) -> None:
    (tmp_path / "metric.py").write_text("def types(batch):\n    return batch.frames[..., 6]\n")
    mine = tmp_path / "mine.py"
    mine.write_text("import metric\n\n\ndef loss(batch):\n    return batch.data.concentration\n")
    assert check_paths([mine]).verdict is Verdict.CLEAN
    report = check_paths([mine], evaluation=[tmp_path / "metric.py"])
    assert [(finding.line, finding.verdict) for finding in report.findings] == [(1, Verdict.LEAK)]
    assert check_paths([tmp_path / "metric.py"], evaluation=[tmp_path]).verdict is Verdict.CLEAN


def test_other_label_columns_can_be_named() -> None:
    text = "def f(batch):\n    return batch.data.frames[..., 3]\n"
    assert check_source(text, "a.py").verdict is Verdict.CLEAN
    assert check_source(text, "a.py", label_columns=(3, 6)).verdict is Verdict.LEAK
    assert check_source(text.replace("3", "6"), "a.py", label_columns=(3,)).verdict is Verdict.CLEAN
    with pytest.raises(DataError, match="label columns must be from 0 to 7, but got 9"):
        check_source(text, "a.py", label_columns=(9,))


REFUSED = (
    *("importlib", "pickle", "ctypes", "subprocess", "socket", "gc", "inspect", "runpy", "shelve"),
    *("sqlite3.connect", "os.environ", "os.system", "glob.glob", "torch.load", "numpy.load", "shutil.copy"),
    *("sys._getframe", "sys.modules", "builtins.eval", "builtins.open", "torch.from_file"),
)
TRUTH = (
    *("sim.networks.generate.generate", "sim.networks.presets.PRESETS", "sim.simulate.simulate"),
    *("sim.evaluation.slots", "sim.networks.network.Truth", "sim.seal.load_seal", "agent.pool.Pool"),
    *("memory.store.open_store", "sim.seal.load_sealed_settings"),
)


@pytest.mark.parametrize("name", REFUSED)
def test_ways_to_files_processes_and_unread_code_are_undecidable(name: str) -> None:
    module, _, what = name.rpartition(".")
    text = f"from {module} import {what}\n{what}\n" if module else f"import {name}\n{name}.x\n"
    report = check_source(text, "a.py")
    assert report.verdict is Verdict.UNDECIDABLE
    assert all(finding.remedy for finding in report.findings)


@pytest.mark.parametrize("name", TRUTH)
def test_what_holds_ground_truth_may_not_be_imported(name: str) -> None:
    module, _, what = name.rpartition(".")
    assert check_source(f"from {module} import {what}\n", "a.py").verdict is Verdict.LEAK
    assert check_source(f"import {module} as m\nm.{what}\n", "a.py").verdict is Verdict.LEAK


def test_sarif_names_rule_file_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "my_strategy.py"
    path.write_text(STRATEGY)
    document = json.loads(to_sarif(check_paths([path])))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    (result,) = run["results"]
    assert rules[result["ruleIndex"]] == result["ruleId"] == "label-leak"
    assert result["level"] == "error"
    assert "Use batch.concentration" in result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("my_strategy.py")
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (7, 15)
    assert place["region"]["endColumn"] == 41


def test_the_entry_of_the_pre_commit_hook_runs_and_fails_on_a_leak(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    (hook,) = YAML(typ="safe").load(root / ".pre-commit-hooks.yaml")
    assert hook["types"] == ["python"]
    program, *arguments = hook["entry"].split()
    leaky, clean = tmp_path / "leaky.py", tmp_path / "clean.py"
    leaky.write_text(STRATEGY)
    clean.write_text(STRATEGY.replace('"g")', '"c")'))
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    codes = [
        subprocess.run([*command, str(one)], capture_output=True, check=False).returncode
        for one in (clean, leaky)
    ]
    assert codes == [0, 1]


def test_the_command_takes_label_columns_and_evaluation_files(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f(batch):\n    return batch.data.frames[..., 3]\n")
    for options, code in (
        ([], 0),
        (["--label-column", "3"], 1),
        (["--label-column", "3", "--evaluation", str(path)], 0),
        (["--json", "--sarif"], 2),
        (["--label-column", "3", "--sarif"], 1),
    ):
        assert CliRunner().invoke(guard, ["check", str(path), *options]).exit_code == code


def test_our_own_training_code_never_uses_the_label_and_is_checked_within_two_seconds() -> None:
    sources = MetabolicProblem().training_sources()
    begin = time.process_time()
    report = check_paths(sources, loaders=sources)
    assert time.process_time() - begin < 2
    assert report.n_files > 10
    assert report.findings == ()


def test_the_concentrations_of_an_unknown_object_are_no_frame() -> None:
    assert (
        check_source("def f(batch):\n    return batch.concentration[:, 6]\n", "a.py").verdict is Verdict.CLEAN
    )
    assert check_source("def f(data):\n    return data.x[:, 6]\n", "a.py").verdict is Verdict.UNDECIDABLE
    assert check_source("def f(data):\n    return data.frames[..., 6]\n", "a.py").verdict is Verdict.LEAK


@pytest.mark.parametrize(
    "line",
    [
        "from sim.guarding.watch import unwatched",
        "import sim.guarding.watching",
        "from sim.auditing.data import NETWORK",
        "from agent.guard import fence_off",
        "import memory.store",
        "from torch.overrides import TorchFunctionMode",
        "from sim.kernels.gate import gates",
        "from sim.kernels import gate\ngate.gates.clear()",
    ],
)
def test_training_code_may_not_name_the_guard(line: str) -> None:
    assert check_source(f"{line}\n", "a.py").verdict is not Verdict.CLEAN


@pytest.mark.parametrize("way", ["_load_frames()", "_load_frames.args[0].frames", "_averages"])
def test_private_attributes_of_what_training_is_given_are_refused(way: str) -> None:
    text = (
        "from sim.strategies import Strategy\n\n\nclass Own(Strategy):\n"
        f"    def loss(self, batch):\n        return batch.data.{way}\n"
    )
    assert any("private attribute" in finding.what for finding in check_source(text, "a.py").findings)
