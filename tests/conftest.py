"""Fixtures that every test may use, and the guard that keeps all of them on this machine."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.loopback import loopback_only


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
