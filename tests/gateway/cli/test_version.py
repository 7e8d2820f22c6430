"""`cityloom version`."""

import json
import platform
from importlib.metadata import version as installed

import pytest

from gateway.cli.version import version, versions


def test_versions_are_those_that_run() -> None:
    found = versions()

    assert found["python"] == platform.python_version()
    assert found["numpy"] == installed("numpy")
    assert found["cityloom"] == installed("cityloom")


def test_json_is_one_object_on_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    version(json=True)

    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == versions()


def test_a_person_sees_a_line_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    version()

    assert len(capsys.readouterr().out.splitlines()) == len(versions())
