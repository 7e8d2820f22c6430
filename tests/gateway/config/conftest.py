"""Fixtures of the configuration's tests."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.load import load_settings
from gateway.errors import ConfigError, ConfigErrors

Problems = Callable[[str], dict[str, ConfigError]]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("CITYLOOM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cityloom.toml"


@pytest.fixture
def problems(file: Path) -> Problems:
    """Loads a text that is wrong; gives the problems by key."""

    def load(text: str) -> dict[str, ConfigError]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigErrors) as caught:
            load_settings(file)
        assert {problem.file for problem in caught.value.problems} == {str(file)}
        found = {problem.key: problem for problem in caught.value.problems}
        assert len(found) == len(caught.value.problems), "a key is complained about twice"
        return found

    return load
