"""The README's pictures: the screens of a launch of the quickstart, and its report in a browser.

Screens are SVG, made by rich of what a terminal was sent; fonts are the reader's own, so that nothing is
loaded from elsewhere. The picture of the report needs Chromium with its driver, and is left as it is without.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.ansi import AnsiDecoder
from rich.console import Console, RenderableType

from agent.display import LiveDisplay
from agent.launching import launch
from blocks.loading import load_exploration
from blocks.problem import Progress
from blocks.run import Run

SETPOINT = Path(sys.executable).with_name("setpoint")
SCREENS = {
    "runs": "setpoint runs --sort -gain --limit 8",
    "memory": "setpoint memory",
    "compare": "setpoint compare 1 4",
}
TALLEST = 44  # lines of a screen that are shown

_FONT_FACE = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_PHONE = 390  # px


class _Photographed(LiveDisplay):
    """A live display that keeps one picture of itself: of the second block, with some slots done."""

    def __init__(self, console: Console, picture: Path, *, columns: int) -> None:
        super().__init__(console)
        self._picture, self._columns = picture, columns
        self._block, self._ended = 0, 0

    def batch(self, block: int, batch: int, runs: Sequence[Run], done: Sequence[Run]) -> None:
        super().batch(block, batch, runs, done)
        self._block, self._ended = block, 0

    def ended(self, run: Run) -> None:
        super().ended(run)
        self._ended += 1

    def progress(self, number: int, progress: Sequence[Progress]) -> None:
        super().progress(number, progress)
        under_way = bool(progress) and progress[-1].step > 0.3 * progress[-1].total
        if self._block == 2 and self._ended == 1 and under_way:
            _save(self._picture, "setpoint launch quickstart --blocks 2", [self._render()], self._columns)
            self._ended = -100  # one picture is enough


def draw(out: Path, *, columns: int) -> None:
    """Launches two blocks of the quickstart in an empty folder, and draws what the screens show.

    Args:
        out: Folder of the pictures; made where it is missing.
        columns: Of the terminal.
    """
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        console = Console(file=sys.stderr, width=columns)
        spec = load_exploration("quickstart").model_copy(update={"blocks": 2})
        with _Photographed(console, out / "launch.svg", columns=columns) as display:
            launch(spec, root=folder / "setpoint-workspace", workers=None, listener=display)
        for picture, command in SCREENS.items():
            lines: list[RenderableType] = list(AnsiDecoder().decode(_on_a_terminal(command, folder, columns)))
            _save(out / f"{picture}.svg", command, lines[:TALLEST], columns)
        for command in (f"setpoint tree --svg {out.absolute() / 'tree.svg'}", "setpoint report"):
            _on_a_terminal(command, folder, columns)
        _photograph_report(folder / "setpoint-workspace" / "report.html", out / "report.png")


def _save(path: Path, command: str, lines: Sequence[RenderableType], columns: int) -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=columns, file=nowhere, force_terminal=True)
        console.print(f"$ [bold]{command}[/bold]", highlight=False)
        for line in lines:
            console.print(line)
        drawn = console.export_svg(title="setpoint", unique_id=path.stem)
    path.write_text(_FONT_FACE.sub("", drawn).replace("Fira Code, ", ""), encoding="utf-8")


def _on_a_terminal(command: str, folder: Path, columns: int) -> str:
    """What a command prints on a terminal of that width."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SETPOINT_")}
    environment = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    environment.pop("COLUMNS", None)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    words = [str(SETPOINT), *command.split()[1:]]
    with subprocess.Popen(words, cwd=folder, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        printed = b""
        while part := _read(ours):
            printed += part
    os.close(ours)
    text = printed.decode().replace("\r\n", "\n")
    if process.returncode:
        raise SystemExit(f"{command}: {text}")
    return text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def _photograph_report(report: Path, out: Path) -> None:
    """The charts of the report as a desktop shows them, beside its head as a phone shows it by night."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        print(f"{out.name} is left as it is: chromium and chromedriver are not here", file=sys.stderr)
        return
    from PIL import Image
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for option in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(option)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        sides = []
        for width, scheme, place in ((1100, "light", "#iterations-section"), (_PHONE, "dark", "")):
            _show(browser, report.as_uri() + place, width, scheme)
            browser.save_screenshot(str(report.with_suffix(f".{scheme}.png")))
            sides.append(Image.open(report.with_suffix(f".{scheme}.png")).convert("RGB"))
    finally:
        browser.quit()
    both = Image.new("RGB", (sum(one.width for one in sides), sides[0].height), "white")
    both.paste(sides[0], (0, 0))
    both.paste(sides[1], (sides[0].width, 0))
    both.save(out, optimize=True)


def _show(browser: Any, address: str, width: int, scheme: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width == _PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get(address)
    drawn = "return document.body && document.body.getAttribute('data-drawn')"
    WebDriverWait(browser, 30).until(lambda page: page.execute_script(drawn))
    for _ in range(2):  # where pictures and charts come in above, the place moves
        browser.execute_script(
            "document.querySelector(location.hash || 'body').scrollIntoView({behavior: 'instant'})"
        )
        time.sleep(1)
