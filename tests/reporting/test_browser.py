"""The page as a person meets it: opened in a headless Chromium, read, filtered, folded, by mouse and by keyboard.

Skipped with the reason where no Chromium is; `KUBEACTIONS_REQUIRE_BROWSER=1` makes that a failure, as CI does. With
`KUBEACTIONS_SCREENSHOTS=DIR` the windows that are looked at are kept there as PNG.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.reporting.page import render
from tests.reporting.reading import read_run
from tests.reporting.sample.run import run_sample

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
LONG = "a-backend-with-a-very-long-name-indeed"
SKIPPED = "\u2013"
"""The dash that marks what was skipped."""

QUIET = (
    "--headless=new",
    "--no-sandbox",  # CI runs as root.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WINDOWS = ((1600, 1000), (1100, 900), (768, 1000), (360, 740))
"""A wide desk, a laptop, a tablet, a phone."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of four runs: the sample, one where nothing failed, one under a very long name, and one of nothing."""
    folder = tmp_path_factory.mktemp("page")
    messages = run_sample(folder, name="fake")
    for name, change in ((LONG, dict[str, Any]), ("live", _mended)):
        (folder / f"{name}.ndjson").write_text("".join(json.dumps(change(m)) + "\n" for m in messages))
    (folder / "empty.ndjson").write_text("".join(json.dumps(m) + "\n" for m in messages if "testRunStarted" in m))
    names = ("fake", "live", "empty", LONG)
    _, text = render([read_run(folder / f"{name}.ndjson") for name in names], "Scenarios by backend")
    (folder / "index.html").write_text(text, encoding="utf-8")
    return folder / "index.html"


def _mended(message: dict[str, Any]) -> dict[str, Any]:
    """The message as if nothing had failed."""
    end = message.get("testStepFinished", {"testStepResult": {"status": "PASSED"}})
    result = end["testStepResult"]
    if result["status"] == "SKIPPED" and "message" in result:
        return message
    mended = {"status": "PASSED", "duration": result.get("duration")}
    return {"testStepFinished": end | {"testStepResult": mended}} if "testStepFinished" in message else message


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        missing = "no chromium and chromedriver on the path (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("KUBEACTIONS_REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser: webdriver.Chrome = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: webdriver.Chrome, page: Path) -> Iterator[webdriver.Chrome]:
    """The page, freshly opened on a laptop in daylight; whatever the test did, the console stays silent."""
    _window(chromium, 1280, 900)
    chromium.get("about:blank")
    chromium.get(page.as_uri())
    yield chromium
    log = chromium.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium has left it bare.
    assert log == []


def _window(browser: webdriver.Chrome, width: int, height: int, *, dark: bool = False) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def _all(browser: webdriver.Chrome | WebElement, selector: str) -> list[WebElement]:
    return [found for found in browser.find_elements(By.CSS_SELECTOR, selector) if found.is_displayed()]


def _names(browser: webdriver.Chrome) -> list[str]:
    return [found.text for found in _all(browser, ".scenario > summary .name")]


def _choose(browser: webdriver.Chrome, label: str) -> None:
    [found] = [f for f in _all(browser, "fieldset label") if f.text.startswith(label)]
    found.click()


def _scenario(browser: webdriver.Chrome, name: str) -> WebElement:
    [found] = [f for f in _all(browser, ".scenario") if f.find_element(By.CSS_SELECTOR, ".name").text == name]
    return found


def test_it_says_first_how_each_backend_fared(browser: webdriver.Chrome) -> None:
    assert browser.title == "Scenarios by backend"
    assert "14 scenarios in 2 chapters, side by side on 4 backends." in browser.find_element(By.TAG_NAME, "body").text
    rows = [" ".join(row.text.split()) for row in _all(browser, ".summary li")]
    assert [row.split(" ✓")[0] for row in rows] == ["fake", "live", "empty", LONG]
    assert f"✓ 6 passed ✕ 5 failed ! 1 known to fail {SKIPPED} 2 skipped · 0 not run" in rows[0]
    assert "✓ 11 passed ✕ 0 failed" in rows[1]
    assert "· 14 not run" in rows[2]
    assert "This run was cut off" in rows[2]


def test_each_result_stands_under_the_name_of_its_backend(browser: webdriver.Chrome) -> None:
    heads = [head.rect for head in _all(browser, ".heads span")[-4:]]
    cells = [cell.rect for cell in _all(_scenario(browser, "It passes"), ".scenario > summary > .cell")]
    rows = _all(_scenario(browser, "<eaten> of 3 are eaten"), ".row:not(.head)")
    within = [cell.rect for cell in _all(rows[0], ".cell")]
    for column in (cells, within):
        assert [round(cell["x"]) for cell in column] == pytest.approx([head["x"] for head in heads], abs=1.5)


def test_a_result_tells_its_status_its_time_or_its_reason(browser: webdriver.Chrome) -> None:
    texts = [cell.text.split("\n") for cell in _all(_scenario(browser, "It is skipped by a mark"), "summary > .cell")]
    assert texts[0] == [f"{SKIPPED} skipped", "nobody can do this"]
    assert texts[2] == ["· not run"]
    fake, live, *_ = [cell.text for cell in _all(_scenario(browser, "A step fails"), "summary > .cell")]
    assert fake.startswith("✕ failed ")
    assert fake.endswith(" ms")
    assert live.startswith("✓")


def test_what_failed_is_open_and_its_message_unfolds(browser: webdriver.Chrome) -> None:
    failed = _scenario(browser, "A step fails")
    assert "3 apples are left" in failed.text
    [summary, _] = _all(failed, ".failure > summary")
    assert summary.text.split("\n") == ["fake: 3 apples are left", "assert 2 == 3"]
    assert "the story of the basket" not in failed.text
    summary.click()
    assert "the story of the basket" in failed.text
    assert "def left(" in failed.text


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ("Known", ["It is known to fail"]),
        ("Skipped", ["It is skipped by a mark", "It is skipped by a step"]),
    ],
)
def test_a_filter_leaves_what_it_names(browser: webdriver.Chrome, choice: str, names: list[str]) -> None:
    _choose(browser, choice)
    assert _names(browser) == names
    assert [chapter.text for chapter in _all(browser, ".chapter > h2")] == ["first"]
    assert browser.find_element(By.ID, "shown").text == f"{len(names)} shown"


def test_the_filter_of_failures_leaves_the_rows_that_failed(browser: webdriver.Chrome) -> None:
    _choose(browser, "Failed")
    assert len(_names(browser)) == 5
    assert [row.text.split("\n")[0] for row in _all(browser, ".row:not(.head)")] == ["2"]
    _choose(browser, "All")
    assert len(_all(browser, ".row:not(.head)")) == 3


def test_words_find_scenarios_by_any_of_their_text(browser: webdriver.Chrome) -> None:
    find = browser.find_element(By.ID, "find")
    find.send_keys("FRUIT price")
    assert _names(browser) == ["A list of fruit & <b>bold</b> prices"]
    find.send_keys(" unheard of")
    assert _names(browser) == []
    assert "No scenario matches." in browser.find_element(By.TAG_NAME, "main").text
    browser.find_element(By.ID, "clear").click()
    assert len(_names(browser)) == 12


def test_the_keyboard_is_enough(browser: webdriver.Chrome) -> None:
    body = browser.find_element(By.TAG_NAME, "body")
    body.send_keys("/")
    assert browser.switch_to.active_element.get_attribute("id") == "find"
    browser.switch_to.active_element.send_keys("passes")
    assert _names(browser) == ["It passes"]
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert len(_names(browser)) == 12
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("value") == "failed"
    assert len(_names(browser)) == 5
    summary = _scenario(browser, "A fixture fails").find_element(By.TAG_NAME, "summary")
    summary.send_keys(Keys.ENTER)
    assert _scenario(browser, "A fixture fails").get_attribute("open") is None


def test_one_button_unfolds_and_folds_everything(browser: webdriver.Chrome) -> None:
    button = browser.find_element(By.ID, "unfold")
    button.click()
    assert len(_all(browser, ".scenario[open]")) == 12
    assert "Fresh fruit,\n  every day" in browser.find_element(By.TAG_NAME, "main").text
    assert button.text == "Fold all"
    button.click()
    assert not _all(browser, "details[open]")


def test_a_link_to_a_scenario_opens_it(browser: webdriver.Chrome, page: Path) -> None:
    anchor = _scenario(browser, "It passes").get_attribute("id")
    browser.get("about:blank")
    browser.get(f"{page.as_uri()}#{anchor}")
    assert _scenario(browser, "It passes").get_attribute("open") is not None


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_nothing_sticks_out_of_the_window(browser: webdriver.Chrome, width: int, height: int, dark: bool) -> None:
    _window(browser, width, height, dark=dark)
    browser.find_element(By.ID, "unfold").click()
    out = browser.execute_script((HERE / "overflow.js").read_text())
    assert out == []
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("KUBEACTIONS_SCREENSHOTS"):
        browser.save_screenshot(str(Path(folder) / f"{width}-{'dark' if dark else 'light'}.png"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_contrast_enough(browser: webdriver.Chrome, dark: bool) -> None:
    """WCAG 2 AA: 4.5 to 1 against what lies behind it."""
    _window(browser, 1280, 900, dark=dark)
    browser.find_element(By.ID, "unfold").click()
    weak = browser.execute_script((HERE / "contrast.js").read_text())
    assert weak == []


def test_on_paper_everything_is_unfolded(browser: webdriver.Chrome) -> None:
    printed = browser.print_page()
    assert len(printed) > 20_000  # Base64 of a PDF; a page of nothing has a tenth of it.
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert not _all(browser, "details:not([open])")
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert len(_all(browser, ".scenario[open]")) == 5
