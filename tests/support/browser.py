"""Debian's chromium, driven by Selenium: for tests of the console. No driver is ever downloaded."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_core_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.command import eventually

__all__ = ["Browser", "chromium"]

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-device-scale-factor=1",
    "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
)  # fmt: skip
_PICTURES = "CITYLOOM_TEST_PICTURES"
"""Names a folder that keeps the pictures; without it they are in the test's own."""
_SERIOUS = frozenset({"serious", "critical"})


@contextmanager
def chromium(folder: Path, *, width: int = 1500, height: int = 950, language: str = "en") -> Iterator["Browser"]:
    """A browser with no history; skips where there is none."""
    executable, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if executable is None or driver is None:
        pytest.skip("no chromium and chromedriver here: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    for flag in (
        *_FLAGS,
        f"--window-size={width},{height}",
        f"--user-data-dir={folder / 'profile'}",
        f"--lang={language}",
    ):
        options.add_argument(flag)
    options.binary_location = executable
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    made = webdriver.Chrome(options=options, service=Service(driver))
    made.set_script_timeout(60)
    try:
        yield Browser(made, folder)
    finally:
        made.quit()


class Browser:
    """What a person does with one, and what it has to say."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self._folder = Path(os.environ.get(_PICTURES) or folder)
        self._base = ""

    def at(self, port: int, **cookies: str) -> None:
        """Look at the server on this port, with these cookies and no others."""
        self._base = f"http://127.0.0.1:{port}"
        self.driver.get(f"{self._base}/console/style.css")
        self.driver.delete_all_cookies()  # those of the host that it is at
        for name, value in {"cityloom-language": "en", "cityloom-theme": "light", **cookies}.items():
            self.driver.add_cookie({"name": name, "value": value})

    def go(self, path: str) -> None:
        """Open a page and wait until it is alive: its clock runs."""
        self.driver.get(f"{self._base}{path}")
        self.until(lambda: bool(self.texts(".clock")) and self.texts(".clock")[0] != "", f"{path} is alive")

    def find(self, css: str) -> WebElement:
        """The first that there is; waits for it."""
        self.until(lambda: bool(self.all(css)), css)
        return self.all(css)[0]

    def all(self, css: str) -> list[WebElement]:
        """All that there are."""
        return list(self.driver.find_elements(By.CSS_SELECTOR, css))

    def texts(self, css: str) -> list[str]:
        """Their texts, as they are seen."""
        try:
            return [each.text for each in self.all(css)]
        except StaleElementReferenceException:  # drawn anew meanwhile
            return []

    def click(self, css: str, containing: str = "") -> None:
        """The first that contains a text; again where it was drawn anew meanwhile."""

        def done() -> bool:
            try:
                found = next((each for each in self.all(css) if containing in each.text), None)
                if found is None:
                    return False
                found.click()
            except (StaleElementReferenceException, WebDriverException):
                return False
            return True

        self.until(done, f"a click on {css} {containing!r}")

    def until(self, ready: Callable[[], bool], what: str, secs: float = 40.0) -> None:
        """Wait; a picture of what there was instead goes with the failure."""
        try:
            eventually(ready, what, secs)
        except AssertionError as error:
            self.picture("failed")
            raise AssertionError(f"{error}; the page: {self.driver.current_url} {self.errors()}") from None

    def picture(self, name: str) -> Path:
        """Keep what is seen."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path

    def errors(self) -> list[str]:
        """What the browser has complained of since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def strangers(self) -> set[str]:
        """Addresses of other hosts that were asked for."""
        out = set()
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                if not url.startswith((self._base, "data:", "blob:", "chrome:", self._base.replace("http", "ws"))):
                    out.add(url)
        return out

    def unfriendly(self) -> list[str]:
        """axe-core's serious and critical findings: rule, and the first element that breaks it."""
        self.driver.execute_script(AXE_SCRIPT)
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations),"
            " e => done([{id: String(e), impact: 'critical', nodes: []}]));"
        )
        return [
            f"{each['id']}: {each['nodes'][0]['html'][:200] if each['nodes'] else ''} ({len(each['nodes'])})"
            for each in found if each["impact"] in _SERIOUS
        ]  # fmt: skip
