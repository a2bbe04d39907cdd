"""The documentation: its reference is that of the code, its commands run, and its pages hang together."""

import re
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ROOT

DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import make  # noqa: E402
import reference_pages  # noqa: E402

REMEDY = "run `python docs/make.py reference`"


def test_the_reference_is_what_the_code_says() -> None:
    made = reference_pages.all_pages()
    written = {path.name: path.read_text() for path in (DOCS / "reference").glob("*.md")}
    assert written.keys() == made.keys(), REMEDY
    assert [name for name, text in made.items() if written[name] != text] == [], REMEDY


def test_every_page_is_in_the_menu_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    pages = {
        path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("index.html")
    }
    assert {"index.html", "tutorial/index.html", "reference/commands/index.html"} <= pages


def test_an_output_is_replaced_and_what_is_left_out_stays_so() -> None:
    text = "Say:\n\n```console\n$ a\nold\n$ b\n$ c\none\ntwo\n...\n```\n"
    printed = {"a": "new\n", "b": "unseen\n", "c": "1\n2\n3\n4\n"}
    assert make.with_outputs(text, printed.__getitem__) == (
        "Say:\n\n```console\n$ a\nnew\n$ b\n$ c\n1\n2\n...\n```\n"
    )


def test_pictures_that_are_shown_are_there_are_small_and_load_nothing_from_elsewhere() -> None:
    shown: set[Path] = set()
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        names = re.findall(r"!\[[^\]]+\]\(([^)\s]+)\)", page.read_text())
        shown |= {(page.parent / name).resolve() for name in names}
    assert {"launch.svg", "report.png"} <= {path.name for path in shown}
    assert shown == {path.resolve() for path in (DOCS / "pictures").iterdir()}
    for path in shown:
        assert path.stat().st_size < 300_000
        if path.suffix == ".svg":
            text = path.read_text()
            assert not re.search(r"@import|@font-face|<script|href=\"https?:", text)
    assert "python docs/make.py pictures" in " ".join((ROOT / "CONTRIBUTING.md").read_text().split())
