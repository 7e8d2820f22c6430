"""Libraries of extras: there, or a sentence about what to install."""

import math

import pytest

from device_sims.physics.extra import MissingExtraError, need


def test_a_library_that_is_there_is_given() -> None:
    assert need("math", "none") is math


def test_one_that_is_not_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match="no_such_library is not installed") as raised:
        need("no_such_library.part", "sim-water")
    assert raised.value.remedy == 'Install it by `pip install "cityloom[sim-water]"`.'
