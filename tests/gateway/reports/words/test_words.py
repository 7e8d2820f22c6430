"""The catalogue is whole: each text in both languages with the same places, each key that is used, none that is not."""

import re
from pathlib import Path
from string import Formatter

import pytest

import gateway.reports
import seeds
from gateway.config.toml_text import read_toml
from gateway.reports.words.titles import CHINESE
from gateway.reports.words.words import CATALOGUE, LANGUAGES, Words

SOURCES = [
    path.read_text(encoding="utf-8")
    for path in Path(gateway.reports.__file__).parent.rglob("*.py")
    if path.parent.name != "words"
]  # fmt: skip
KEY = re.compile(r"""["']([a-z]+\.[a-z0-9_]+)["']""")
MADE = re.compile(r'f"([a-z]+\.[a-z_]*)\{')
"""Keys of which the end is put in."""


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_both_languages_have_the_text_with_the_same_places(key: str) -> None:
    english, chinese = CATALOGUE[key]

    assert _places(english) == _places(chinese)
    assert bool(english) == bool(chinese)
    assert english == english.strip()


def test_every_key_that_is_used_is_there_and_every_one_that_is_there_is_used() -> None:
    used = {key for source in SOURCES for key in KEY.findall(source)} & {*CATALOGUE} | {
        key for key in CATALOGUE for source in SOURCES for start in MADE.findall(source) if key.startswith(start)
    }
    used |= {key for key in CATALOGUE if key.startswith("why.")}  # by the names of processors.flags.Why
    made = {"traffic", "grid", "water", "gas", "drainage", "alarms", "data"}
    titles = {f"{domain}.title_{kind}" for domain in made for kind in ("day", "week")}

    assert {*CATALOGUE} - used - titles == set()
    asked = {key for source in SOURCES for key in re.findall(r'words\("([a-z]+\.[a-z0-9_]+)"', source)}
    assert asked - {*CATALOGUE} == set()


def test_every_built_in_condition_has_a_chinese_title() -> None:
    titles = {
        each["title"] for text in seeds.condition_texts().values() for each in read_toml(text, "seeds")["conditions"]
    }

    assert titles - {*CHINESE} == set()


def test_a_name_that_nobody_knows_stays_as_it_is() -> None:
    assert Words("zh").title("Something of our own") == "Something of our own"
    assert Words("zh").title("Congestion") == "拥堵"
    assert Words("en").known("why", "never_heard_of") == "never_heard_of"
    assert (Words.unit("m3/h"), Words.unit("kPa")) == ("m³/h", "kPa")


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("en", "zh")
    with pytest.raises(ValueError, match="not in 'fr'"):
        Words("fr")
