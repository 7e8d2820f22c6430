"""The console with 5,000 devices and 500 open alarms in a real browser: how soon it is there, how fluid it stays.

Prints what it measured (`-s`); the bounds are wide, for machines on which much else runs: people judge the figures.
"""

import json
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.brokers import running_embedded
from tests.support.browser import Browser, chromium
from tests.support.command import Place, door, eventually, publish
from tests.support.console_process import ConsoleProcess, console_on

pytestmark = [pytest.mark.slow, pytest.mark.perf, pytest.mark.timeout(600), pytest.mark.xdist_group("fluid")]

DEVICES, OPEN = 5_000, 500
GAS = "city/{}/gas/detector/{}/reading"
ZONES = {"tianhe": (113.33, 23.13), "panyu": (113.38, 23.00), "haizhu": (113.32, 23.08), "yuexiu": (113.27, 23.13)}
WATCHED_SECS = 15.0
MOST_LOAD_SECS, MOST_ALARM_SECS, MOST_TASK_MS = 30.0, 5.0, 1_000.0
GOAL = {"load_secs": 3.0, "alarm_secs": 1.0, "longest_task_ms": 200.0}
"""On a quiet machine: what "fluid" means."""
OBSERVER = """
window.longTasks = [];
new PerformanceObserver((list) => { for (const e of list.getEntries()) longTasks.push([e.startTime, e.duration]); })
  .observe({type: "longtask", buffered: true});
window.seen = (css, text) => new Promise((done) => {
  const look = () => [...document.querySelectorAll(css)].some((e) => e.textContent.includes(text));
  if (look()) return done(Date.now());
  const watch = new MutationObserver(() => { if (look()) { watch.disconnect(); done(Date.now()); } });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
});
"""


def name(number: int) -> str:
    return f"det-{number:04d}"


def zone_of(number: int) -> str:
    return list(ZONES)[number % len(ZONES)]


def message(number: int, lel: float) -> tuple[str, bytes]:
    body = {"ts": time.time(), "lel": lel}
    return GAS.format(zone_of(number), name(number)), json.dumps(body).encode()


def standing(data_dir: Path) -> int:
    """How many alarms are open."""
    found = door(data_dir, "alarms", limit=10_000)
    return 0 if found is None else len(found)


@dataclass
class Large(Place):
    """A gateway with that many devices and alarms, and its console."""

    console: ConsoleProcess = field(default_factory=lambda: ConsoleProcess(0, 0))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    folder = tmp_path_factory.mktemp("large")
    data_dir = folder / "data"
    (data_dir / "city").mkdir(parents=True)
    devices = data_dir / "city" / "devices.csv"  # where the console looks for it
    where = random.Random(7)
    lines = ["id,profile,keys,zone,lon,lat,asset,installed,extra"]
    for number in range(DEVICES):
        lon, lat = (middle + where.uniform(-0.05, 0.05) for middle in ZONES[zone_of(number)])
        lines.append(f"{name(number)},gas-detector,{name(number)},{zone_of(number)},{lon:.5f},{lat:.5f},,2024-01-01,")
    devices.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with running_embedded() as broker:
        config = folder / "c.toml"
        config.write_text(
            f'devices_file = "{devices}"\n[mqtt]\nport = {broker.port}\nwatch_sys = "off"\n[http]\nport = 0\n'
            "[web]\nenabled = false\n",
            encoding="utf-8",
        )
        made = Large(data_dir, config, broker.port)
        with made.gateway():
            made.subscribed()
            publish(made.port, [message(number, 60.0 if number < OPEN else 1.0) for number in range(DEVICES)])
            with console_on(folder, data_dir) as console:
                made.console = console
                eventually(lambda: standing(data_dir) >= OPEN, "that many alarms", 180)
                yield made


@contextmanager
def readings(large: Large) -> Iterator[None]:
    """Some hundred messages a second meanwhile, without an alarm."""
    over = threading.Event()

    def send() -> None:
        at = OPEN + 10
        while not over.is_set():
            publish(large.port, [message(OPEN + 10 + (at + k) % (DEVICES - OPEN - 10), 2.0) for k in range(100)])
            at += 100
            over.wait(0.3)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def answering(port: int) -> Iterator[list[float]]:
    """How long the server's loop takes to answer something small, over and over: seconds."""
    over, took = threading.Event(), list[float]()

    def ask() -> None:
        while not over.wait(0.05):
            began = time.perf_counter()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/console/style.css", timeout=30) as answer:
                answer.read()
            took.append(time.perf_counter() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def opened(browser: Browser, path: str, css: str, text: str) -> float:
    """Open a page; seconds until that is seen."""
    began = time.time()
    browser.go(path)
    browser.until(lambda: bool(browser.driver.execute_script("return !!window.seen")), "the observer is there")
    return _seen(browser, css, text, lambda: None) - began


def _seen(browser: Browser, css: str, text: str, after: Callable[[], None]) -> float:
    """The time (s) at which something is seen that `after` brings about."""
    browser.driver.execute_script(f"window.waited = window.seen({json.dumps(css)}, {json.dumps(text)})")
    after()
    said = browser.driver.execute_async_script("window.waited.then(arguments[arguments.length - 1])")
    return float(said) / 1000


def longest(browser: Browser, since_ms: float = 0.0) -> float:
    """The longest task (ms) of the page's thread, of those that began after that."""
    tasks = browser.driver.execute_script("return window.longTasks")
    return max((duration for start, duration in tasks if start >= since_ms), default=0.0)


@pytest.mark.parametrize(
    ("path", "css", "text"),
    [
        ("/", "ul", "det-"),
        ("/alarms", "table.alarms tbody", "det-"),
        ("/asset?id=tianhe", "main, .page", "det-"),
        ("/streams?tab=zones", "main, .page", "Tianhe"),
    ],
)
def test_a_page_is_there_soon_and_stays_fluid(large: Large, tmp_path: Path, path: str, css: str, text: str) -> None:
    with chromium(tmp_path) as browser, readings(large):
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OBSERVER})
        browser.at(large.console.port)
        load = opened(browser, path, css, text)
        settled = float(browser.driver.execute_script("return performance.now()"))
        at_load = longest(browser)
        cpu, began = large.console.cpu_secs, time.monotonic()
        with answering(large.console.port) as took:
            eventually(lambda: time.monotonic() - began > WATCHED_SECS, "some seconds", 60)
        share = (large.console.cpu_secs - cpu) / (time.monotonic() - began)
        task_ms = longest(browser, settled)
        figures = {
            "page": path, "load_secs": round(load, 2), "longest_task_at_load_ms": round(at_load),
            "longest_task_ms": round(task_ms), "server_cpu_ms_a_second": round(share * 1000),
            "server_answer_ms_p50": round(sorted(took)[len(took) // 2] * 1000, 1),
            "server_answer_ms_max": round(max(took) * 1000, 1), "nodes": len(browser.all("*")),
        }  # fmt: skip
        browser.picture(f"fluid-{''.join(sign if sign.isalnum() else '-' for sign in path).strip('-') or 'city'}")
        print(json.dumps({**figures, "goal": GOAL}))  # noqa: T201
        assert load < MOST_LOAD_SECS
        assert task_ms < MOST_TASK_MS
        assert browser.errors() == []


@pytest.mark.parametrize(("path", "css"), [("/", ".line .newest"), ("/alarms", "table.alarms tbody")])
def test_a_new_alarm_is_seen_within_a_second(large: Large, tmp_path: Path, path: str, css: str) -> None:
    first = OPEN if path == "/" else OPEN + 5
    with chromium(tmp_path) as browser, readings(large):
        browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OBSERVER})
        browser.at(large.console.port)
        opened(browser, path, css, "det-")
        took = []
        for number in range(first, first + 5):
            sent: list[float] = []

            def raise_it(number: int = number, sent: list[float] = sent) -> None:
                sent.append(time.time())
                publish(large.port, [message(number, 90.0)])

            took.append(_seen(browser, css, name(number), raise_it) - sent[0])
        print(json.dumps({"page": path, "alarm_secs": [round(each, 2) for each in sorted(took)], "goal": GOAL}))  # noqa: T201
        assert sorted(took)[2] < MOST_ALARM_SECS
