"""Signs that are drawn."""

import math

from gateway.console import marks
from gateway.console.texts.words import Words


def test_a_sparkline_breaks_where_nothing_is_known() -> None:
    drawn = marks.sparkline([1.0, 2.0, None, 4.0], "speed")
    way = next(part for part in drawn[2:] if isinstance(part, list) and part[1].get("class") == "way")
    assert way[1]["d"].count("M") == 2


def test_a_sparkline_of_nothing_is_empty() -> None:
    assert len(marks.sparkline([None, math.nan], "speed")) == 2


def test_a_limit_is_drawn_where_it_is_near() -> None:
    near = marks.sparkline([1.0, 2.0], "speed", limits=[2.5])
    far = marks.sparkline([1.0, 2.0], "speed", limits=[900.0])
    assert sum(isinstance(part, list) and part[1].get("class") == "limit" for part in near) == 1
    assert not any(isinstance(part, list) and part[1].get("class") == "limit" for part in far)


def test_a_priority_that_waits_for_nobody_is_hollow() -> None:
    assert "seen" in marks.priority(2, Words("en"), waits=False)[1]["class"]
    assert "seen" not in marks.priority(2, Words("en"))[1]["class"]
