"""Layer 2 as a whole: its reports, what it does with files, and that our own training code passes it."""

import json
from pathlib import Path

import pytest

from agent.guard import Verdict, check_paths, check_source, to_json, to_text
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
    (tmp_path / "b.py").write_text("def f(frames, k):\n    return frames[..., k]\n")
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
    path.write_text("from sim.dataset import load_seal\n")
    assert check_paths([path], loaders=[path]).verdict is Verdict.LEAK


def test_a_module_that_is_too_involved_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    lines = ["def f0(x):\n    return x\n"]
    lines += [f"def f{i}(x):\n    return {' + '.join([f'f{i - 1}(x)'] * 9)}\n" for i in range(1, 9)]
    path.write_text("\n".join(lines))
    report = check_paths([path])
    assert report.verdict is Verdict.UNDECIDABLE
    assert "too involved" in report.undecidable[0].what


def test_findings_come_in_the_order_of_the_lines() -> None:
    text = "def f(x, frames):\n    eval('1')\n    return frames.sum() + x[:, 6]\n"
    report = check_source(text, "a.py")
    assert [(finding.line, finding.column) for finding in report.findings] == [(2, 5), (3, 12), (3, 27)]


def test_columns_are_counted_in_characters_also_after_wide_letters() -> None:
    (finding,) = check_source("λ = 'größe'; y = x[:, 6]\n", "a.py").findings
    assert finding.column == 18
    assert finding.expression == "x[:, 6]"


def test_our_own_training_code_never_uses_the_label() -> None:
    sources = MetabolicProblem().training_sources()
    report = check_paths(sources, loaders=sources)
    assert report.n_files > 10
    assert report.findings == ()
