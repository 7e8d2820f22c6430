"""Round numbers on axes, and texts that fit."""

import pytest

from gateway.reports.drawing.canvas import Scale, nice_steps, number_text, shortened
from gateway.reports.drawing.palette import COLOURS, DARK, LIGHT, font_of, width


@pytest.mark.parametrize(
    ("low", "high", "steps"),
    [(0.0, 9.7, [0, 2, 4, 6, 8, 10]), (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-13.8, 17.2, [-20, -10, 0, 10, 20]),
     (49.97, 50.03, [49.96, 49.98, 50.0, 50.02, 50.04]), (5.0, 5.0, [5, 6, 7, 8, 9, 10])],
)  # fmt: skip
def test_steps_are_round_and_take_in_both_ends(low: float, high: float, steps: list[float]) -> None:
    assert nice_steps(low, high) == pytest.approx(steps)


def test_numbers_have_the_decimals_of_their_steps() -> None:
    assert number_text(1000.0, [0.0, 500.0, 1000.0]) == "1,000"
    assert number_text(0.2, [0.0, 0.2, 0.4]) == "0.2"
    assert number_text(0.0, [0.0, 0.25]) == "0.00"


def test_a_scale_keeps_proportions() -> None:
    scale = Scale(10.0, 20.0, 100.0, 200.0)

    assert (scale(10.0), scale(15.0), scale(20.0)) == (100.0, 150.0, 200.0)
    assert Scale(1.0, 1.0, 0.0, 9.0)(1.0) == 0.0


def test_texts_are_cut_to_their_room_in_the_font_that_has_their_signs() -> None:
    assert shortened("short", 100) == "short"
    cut = shortened("a very long name of a road in the city", 60)
    assert cut.endswith("…")
    assert width(cut, 7) <= 60
    assert (font_of("Tianhe – 5 °C"), font_of("天河")) == ("Helvetica", "STSong-Light")


def test_every_colour_has_a_dark_one_and_no_two_are_written_alike() -> None:
    assert LIGHT.keys() == DARK.keys()
    written = {(int(c.red * 100), int(c.green * 100), int(c.blue * 100)) for c in COLOURS.values()}
    assert len(written) == len(COLOURS)
