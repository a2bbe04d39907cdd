"""Makes what the documentation shows: `python docs/make.py reference`, `outputs` or `pictures`.

The reference is written from the code, the outputs below commands from running them in an empty folder, the
pictures from a launch of two blocks. Pages are ordinary markdown otherwise. A test holds the reference
current and runs every command.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parent
REFERENCE = DOCS / "reference"
SETPOINT = Path(sys.executable).with_name("setpoint")
WIDTH = "110"  # columns of the terminal that outputs are shown in

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^```(?:python|yaml)\n(# ([\w.-]+)\n.*?)^```$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """A command of a page, and what the page shows that it prints."""

    command: str
    shown: str


def steps(text: str) -> Iterator[Step]:
    """Commands of a page's `console` blocks, in order; a line that begins with `$ ` is one."""
    for block in _BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield Step(command.strip(), shown)


def write_files(text: str, folder: Path) -> None:
    """Writes the files that a page shows whole: blocks whose first line is a comment with a file's name."""
    for body, name in _FILE.findall(text):
        (folder / name).write_text(body, encoding="utf-8")


def perform(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command of a page as a reader would, through a shell, in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SETPOINT_")}
    path = f"{SETPOINT.parent}{os.pathsep}{kept.get('PATH', '')}"
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**kept, "PATH": path, "COLUMNS": WIDTH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def with_outputs(text: str, run: Callable[[str], str]) -> str:
    """The page with what its commands print now.

    A command whose output was left out stays without; `...` in the place of an output keeps its first lines.
    """

    def made(found: re.Match[str]) -> str:
        parts = []
        for step in steps(found[0]):
            printed = run(step.command).rstrip("\n")
            if not step.shown.strip():
                printed = ""
            elif step.shown.rstrip().endswith("\n..."):
                lines = printed.splitlines()
                printed = "\n".join([*lines[: step.shown.rstrip().count("\n")], "..."])
            parts.append(f"$ {step.command}\n" + (f"{printed}\n" if printed else ""))
        return "```console\n" + "".join(parts) + "```"

    return _BLOCK.sub(made, text)


def pages() -> list[Path]:
    """Pages with commands, in the order of the site."""
    return [path for path in sorted(DOCS.rglob("*.md")) if any(steps(path.read_text(encoding="utf-8")))]


def outputs(names: Sequence[str]) -> None:
    """Runs the commands of pages, each page in a folder of its own, and writes what they print."""
    for path in pages():
        if names and path.stem not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:

            def run(command: str, folder: str = folder, page: str = path.name) -> str:
                result = perform(command, Path(folder))
                print(f"{page}: {command} ({result.returncode})", file=sys.stderr)
                return result.stdout.replace(folder, "~/study")

            text = path.read_text(encoding="utf-8")
            write_files(text, Path(folder))
            path.write_text(with_outputs(text, run), encoding="utf-8")


def reference() -> None:
    """Writes the reference from the code."""
    sys.path.insert(0, str(DOCS))
    import reference_pages

    REFERENCE.mkdir(exist_ok=True)
    for name, text in reference_pages.all_pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


def pictures() -> None:
    """Draws the README's pictures: a launch of the quickstart as it runs, and screens that ask about it."""
    sys.path.insert(0, str(DOCS))
    import picture_making

    picture_making.draw(DOCS / "pictures", columns=int(WIDTH))


def main(arguments: Sequence[str]) -> None:
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=("reference", "outputs", "pictures"))
    parser.add_argument("pages", nargs="*", help="of outputs: names of pages, without .md; default: all")
    asked = parser.parse_args(arguments)
    if asked.what == "reference":
        reference()
    elif asked.what == "outputs":
        outputs(asked.pages)
    else:
        pictures()


if __name__ == "__main__":
    main(sys.argv[1:])
