"""The report as people see it: in a browser, offline, on a desktop and on a phone, by day and by night."""

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memory import Store, Workspace
from tests.cli.conftest import SETPOINT, environment, run, write_toy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("chromium") is None or shutil.which("chromedriver") is None,
        reason="Chromium and its driver are not installed; CI installs them",
    ),
]

OPTIONS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported")
    result = run("launch", write_toy(folder), cwd=folder)
    assert result.returncode == 0, result.stderr
    result = run("report", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "setpoint-workspace/report.html\n"
    return folder / "setpoint-workspace" / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for option in OPTIONS.split():
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def _open(browser: Any, address: str, *, width: int = 1200, scheme: str = "light") -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get("about:blank")
    browser.get(address)
    drawn = "return document.body && document.body.getAttribute('data-drawn')"
    WebDriverWait(browser, 30).until(lambda page: page.execute_script(drawn))


def _shown_rows(browser: Any) -> list[int]:
    rows = "[...document.querySelectorAll('#runs tbody tr:not([hidden])')]"
    return list(browser.execute_script(f"return {rows}.map(row => +row.cells[0].textContent)"))


def test_it_opens_with_its_charts_and_without_a_word_on_the_console(browser: Any, report: Path) -> None:
    _open(browser, report.as_uri())
    assert browser.get_log("browser") == []
    charts = browser.execute_script(
        "return [...document.querySelectorAll('.chart')]"
        ".map(chart => [chart.id, chart.querySelectorAll('svg path').length])"
    )
    assert {"chart-iterations", "chart-tree"} <= {name for name, _ in charts}
    assert all(paths >= 8 for _, paths in charts)
    asked = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in asked if not name.startswith("data:")] == []


def test_a_statement_leads_to_its_run_also_where_a_filter_hides_it(browser: Any, report: Path) -> None:
    _open(browser, report.as_uri())
    box = browser.find_element("id", "filter")
    box.send_keys("run=8")
    assert _shown_rows(browser) == [8]
    link = browser.find_element("css selector", "#memory a[href^='#run-']")
    number = int(link.get_attribute("href").rpartition("-")[2])
    browser.execute_script("arguments[0].click()", link)
    assert browser.execute_script("return document.querySelector('tr:target').cells[0].textContent") == str(
        number
    )
    assert number in _shown_rows(browser)


def test_the_table_filters_by_words_and_by_conditions(browser: Any, report: Path) -> None:
    _open(browser, report.as_uri())
    box = browser.find_element("id", "filter")
    for text, expected in (
        ("sweep", [5, 6, 7, 8]),
        ("time_step>=32 role=baseline", [3, 4]),
        ("nonsense>1", []),
    ):
        box.clear()
        box.send_keys(text)
        assert _shown_rows(browser) == expected
        assert browser.find_element("id", "count").text == f"{len(expected)} of 8"


def test_the_table_sorts_by_the_keyboard_alone(browser: Any, report: Path) -> None:
    from selenium.webdriver.common.keys import Keys

    _open(browser, report.as_uri())
    head = browser.find_element("css selector", "#runs th:nth-child(3) button")
    browser.execute_script("arguments[0].focus()", head)
    for key, falling in ((Keys.ENTER, False), (Keys.SPACE, True)):
        browser.switch_to.active_element.send_keys(key)
        values = browser.execute_script(
            "return [...document.querySelectorAll('#runs tbody tr')].map(r => +r.cells[2].textContent)"
        )
        assert values == sorted(values, reverse=falling)
        state = browser.find_element("css selector", "#runs th:nth-child(3)").get_attribute("aria-sort")
        assert state == ("descending" if falling else "ascending")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen_and_text_stands_out(
    browser: Any, report: Path, scheme: str
) -> None:
    _open(browser, report.as_uri(), width=390, scheme=scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    ink, paper, axis = browser.execute_script(
        "const s = getComputedStyle(document.body); const t = document.querySelector('.chart svg text');"
        "return [s.color, s.backgroundColor, getComputedStyle(t).fill]"
    )
    assert _contrast(ink, paper) > 7
    assert _contrast(axis, paper) > 4.5
    assert (_light(paper) > 0.5) == (scheme == "light")


def test_watch_serves_the_page_to_this_machine_and_says_when_there_is_a_newer_one(
    browser: Any, report: Path
) -> None:
    command = [SETPOINT, "watch", "--port", "0", "--workspace", report.parent]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            address = server.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
            _open(browser, address)
            assert browser.get_log("browser") == []
            assert _shown_rows(browser) == list(range(1, 9))
            before = _tag(address)
            assert _tag(address) == before
            with Store.open(Workspace(report.parent)) as store:
                store.set_notes("toy", "Look at run 3.")
            assert _tag(address) != before
        finally:
            server.terminate()


def _tag(address: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(address, method="HEAD")) as answer:
        assert answer.headers["ETag"]
        return str(answer.headers["ETag"])


def _light(colour: str) -> float:
    """Relative luminance, 0 to 1, by WCAG 2.2."""
    channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_light(one), _light(other)))
    return (high + 0.05) / (low + 0.05)
