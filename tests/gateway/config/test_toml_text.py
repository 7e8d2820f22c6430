"""Values written in TOML read back as themselves."""

import tomllib
from pathlib import Path

import pytest

from gateway.config.toml_text import toml_value


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
