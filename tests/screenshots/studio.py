"""Where the pictures are taken: a demo on a throw-away folder, what people do in it meanwhile, and a browser.

cityloom demo --scenario evening.toml --> (city time is TAKEN_AT) --> people act --> a picture a scene
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from selenium.webdriver.common.by import By

from gateway.console.texts.words import Words
from tests.screenshots.png import shrunk
from tests.screenshots.scenes import SCENARIO, SIZE, Scene
from tests.support.browser import Browser
from tests.support.command import Process, eventually

__all__ = ["TAKEN_AT", "City", "picture_of", "running_demo", "sign_in"]

TAKEN_AT = "20:05"
"""City time from which on there is something to show."""
_UP_SECS, _READY_SECS, _END_SECS = 180.0, 180.0, 60.0
_URL, _TOKEN = re.compile(r"console and API: (http://\S+)"), re.compile(r"shown this once: (cl_\S+)")
_REPORTS = (
    {"kind": "gas-smell", "asset": "gas-0020", "text": "Smell of gas beside the regulator", "contact": "13800138000"},
    {"kind": "no-water", "zone": "dma-liwan-1", "text": "No water for a quarter of an hour", "contact": "13912345678"},
)  # fmt: skip


@dataclass
class City:
    """A demo that runs."""

    url: str
    token: str = field(repr=False)
    """Of its first administrator."""

    @property
    def port(self) -> int:
        """Of its console."""
        return int(self.url.rpartition(":")[2])

    def ask(self, path: str, **parameters: Any) -> Any:
        """A question to its API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(f"{self.url}/api/v1{path}", params=parameters, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def act(self, path: str, body: dict[str, Any]) -> Any:
        """Do something there."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def time(self) -> str:
        """What a clock in the city shows, HH:MM."""
        told = self.ask("/city")
        now = datetime.fromisoformat(told["now"][:26] + "+00:00")
        return f"{now.astimezone(ZoneInfo(told['timezone'])):%H:%M}"

    def wait(self, secs: float) -> None:
        """Until it is as late there as pictures are to show."""
        eventually(lambda: _slowly(self.time() >= TAKEN_AT), f"it is {TAKEN_AT} in the city", secs)

    def live_in(self) -> None:
        """People report, acknowledge and put aside, so that not all alarms look alike."""
        for report in _REPORTS:
            self.act("/reports", report)
        alarms = self.ask("/alarms", limit=50)["alarms"]
        urgent = [each["alarm"] for each in alarms if each["state"] == "unacknowledged"]
        if len(urgent) > 3:
            self.act("/alarms/acts", {"act": "ack", "alarms": urgent[1:3], "text": "The crew is on its way"})
            self.act(
                "/alarms/acts", {"act": "shelve", "alarms": urgent[-1:], "text": "Being repaired", "for_secs": 7_200}
            )

    def names(self) -> dict[str, str]:
        """What paths of scenes may hold."""
        found = self.ask("/incidents")["incidents"]
        largest = max(found, key=lambda each: each["parts"], default={"incident": ""})
        return {"incident": largest["incident"]}


def _slowly(so: bool) -> bool:
    """One question a second is enough."""
    if not so:
        time.sleep(1.0)
    return so


@contextmanager
def running_demo(folder: Path, speed: float) -> Iterator[City]:
    """`cityloom demo` in an empty folder; ended and gone with the block."""
    process = Process(
        folder, "demo", "--data-dir", folder / "data", "--scenario", SCENARIO, "--speed", f"{speed:g}",
        "--http-port", "0", "--seed", "1", CITYLOOM_WEB__ENABLED="true",
    )  # fmt: skip
    try:
        process.says("shown this once", _UP_SECS)
        (url,), (token,) = _URL.findall(process.said), _TOKEN.findall(process.said)
        yield City(url, token)
    finally:
        process.interrupt()
        with suppress(subprocess.TimeoutExpired):
            process.ended(_END_SECS)
        process.kill()


def sign_in(browser: Browser, city: City) -> None:
    """With the token, as a person does."""
    browser.at(city.port)
    browser.driver.get(f"{city.url}/sign-in")
    browser.driver.find_element(By.NAME, "token").send_keys(city.token)
    browser.driver.find_element(By.CSS_SELECTOR, "form button").click()
    browser.until(lambda: "/sign-in" not in browser.driver.current_url, "signed in")


def picture_of(browser: Browser, scene: Scene, port: int, names: dict[str, str]) -> bytes:
    """A PNG of the scene, as soon as its page shows what it is to show."""
    width, height = SIZE
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        return shrunk(_taken(browser, scene, port, names))
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _settled(browser: Browser) -> bool:
    """Fonts and charts are drawn in the frames after."""
    browser.driver.execute_async_script(
        "const done = arguments[arguments.length - 1]; document.fonts.ready.then(() => setTimeout(done, 1200));"
    )
    return True


def _filled(browser: Browser, css: str) -> int:
    """How many there are that are not a dash: nothing is known yet."""
    return len(browser.all(css)) - browser.texts(css).count("–")


def _taken(browser: Browser, scene: Scene, port: int, names: dict[str, str]) -> bytes:
    browser.at(port, **{"cityloom-language": scene.language, "cityloom-theme": scene.theme})
    browser.go(scene.path.format(**names))
    health = Words(scene.language)("health.ok")

    def ready() -> bool:
        flows = health in browser.texts(".line .state")
        return flows and all(_filled(browser, css) >= least for css, least in scene.ready.items())

    if scene.click:
        browser.click(scene.click)
    shown = f"{scene.name} shows {dict(scene.ready)}, and data flow"
    browser.until(lambda: ready() and _settled(browser) and ready(), shown, _READY_SECS)
    return bytes(browser.driver.get_screenshot_as_png())
