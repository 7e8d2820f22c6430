"""Values written in TOML read back as themselves; what is no TOML is an error that names the file."""

import tomllib
from pathlib import Path

import pytest

from gateway.config.toml_text import read_toml, toml_value
from gateway.errors import ConfigErrors


@pytest.mark.parametrize(
    "value", [0, 9_999, 10_000, 4_294_967_296, -3, 0.5, 2.0, True, False, "a", 'q"\\', "广州", ["a", 1]]
)
def test_a_value_reads_back_as_itself(value: object) -> None:
    assert tomllib.loads(f"x = {toml_value(value)}")["x"] == value


def test_what_toml_does_not_have_is_empty_text() -> None:
    assert toml_value(None) == '""'
    assert toml_value(()) == "[]"
    assert toml_value(Path("data")) == '"data"'


def test_other_things_are_refused() -> None:
    with pytest.raises(TypeError):
        toml_value(object())


@pytest.mark.parametrize(
    "text", ["a =", "a = " + "[" * 600, "a = " + "9" * 5000, "a = 1979-13-01", "[a]\n[a]", "\ud800 = 1"]
)
def test_what_is_no_toml_is_one_problem_of_its_file(text: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        read_toml(text, "x.toml")
    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == ("x.toml", "")
    assert problem.what.startswith("is not TOML: ")
    assert problem.remedy
