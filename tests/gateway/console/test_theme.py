"""Colours: contrast as WCAG asks, in both themes; priorities are told apart by more than colour."""

import pytest

from gateway.console import marks
from gateway.console.nodes import Node
from gateway.console.texts.words import Words
from gateway.console.theme import DARK, LIGHT, PAIRS, THEMES, contrast, variables


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("pair", PAIRS)
def test_contrast_is_as_wcag_asks(theme: str, pair: tuple[str, str]) -> None:
    colours = THEMES[theme]
    assert contrast(colours[pair[0]], colours[pair[1]]) >= PAIRS[pair]


def test_contrast_of_known_colours() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_themes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
    assert all(f'[data-theme="{name}"]' in variables() for name in THEMES)


def _shape(number: int) -> tuple[str, str]:
    sign: Node = marks.priority(number, Words("en"))
    assert isinstance(sign, list)
    return sign[2][1]["d"], sign[3][2]


def test_each_priority_has_a_shape_and_a_number_of_its_own() -> None:
    shapes = [_shape(number) for number in (1, 2, 3, 4)]
    assert len({shape for shape, _ in shapes}) == 4
    assert [number for _, number in shapes] == ["1", "2", "3", "4"]
