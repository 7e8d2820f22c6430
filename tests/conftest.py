"""Fixtures that every test may use, and the guard that keeps all of them on this machine."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.loopback import loopback_only


def pytest_addoption(parser: pytest.Parser) -> None:
    """Of the chaos suite, known wherever a session starts (tests/chaos/README.md)."""
    group = parser.getgroup("chaos", "the chaos suite, tests/chaos")
    group.addoption("--chaos", action="store_true", help="run all trials, not only the short ones")
    group.addoption("--chaos-seed", type=int, help="of the moments at which things break; 1, with --chaos any")
    group.addoption("--chaos-report", type=Path, help="write the report there (.md), and its rows beside it (.jsonl)")
    group.addoption("--soak-minutes", type=float, default=5.0, help="how long tests/chaos/test_soak.py goes on")
    group.addoption("--soak-rate", type=float, default=5000.0, help="and how many messages a second it sends")
    group.addoption("--days", type=float, default=6.0, help="of the city, that tests/chaos/test_days.py plays")
    group.addoption("--soak-speed", type=float, default=1.0, help="city seconds a second of it")


def pytest_configure(config: pytest.Config) -> None:
    """The chaos report, whichever worker has its tests."""
    from tests.chaos.report import ChaosReport

    config.addinivalue_line("markers", "chaos: a trial of a minute or more; runs with --chaos")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ChaosReport(config.getoption("--chaos-report")), "chaos-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long trials and measurements run where they are asked for."""
    chaos, perf = config.getoption("--chaos"), "perf" in config.getoption("markexpr")
    for item in items:
        if not chaos and item.get_closest_marker("chaos"):
            item.add_marker(pytest.mark.skip(reason="a trial of a minute or more: make chaos, or pytest --chaos"))
        if not perf and item.get_closest_marker("perf"):
            item.add_marker(pytest.mark.skip(reason="a measurement for people to judge: pytest -m perf -s"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How tests are spread over workers, where there are any."""
    from tests.support.grouping import FileGroups

    return FileGroups(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    with loopback_only():
        yield


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run and in every order of the tests."""
    return np.random.default_rng(20140501)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """An empty data folder with a short path: a Unix socket in it may have 107 bytes, and `tmp_path` can be longer."""
    folder = Path(tempfile.mkdtemp(prefix="loom-"))
    yield folder
    shutil.rmtree(folder)
