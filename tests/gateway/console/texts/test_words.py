"""Texts: complete in both languages, all of them used, and none that is used is missing."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import seeds
from gateway.console.texts.conditions import CONDITIONS
from gateway.console.texts.terms import TERMS
from gateway.console.texts.words import LANGUAGES, TEXTS, Words, language_of

_CONSOLE = Path(__file__).resolve().parents[4] / "gateway" / "console"


def _constants() -> Iterator[str]:
    """Every text in the console's code, and the fixed beginning of every one that is put together."""
    for path in _CONSOLE.rglob("*.py"):
        if path.parent.name == "texts" and path.name != "words.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                yield f"{node.values[0].value!s}*"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _given(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_there_in_every_language_with_the_same_places(key: str) -> None:
    texts = TEXTS[key]
    assert len(texts) == len(LANGUAGES)
    assert all(text for text in texts)
    assert len({frozenset(_given(text)) for text in texts}) == 1


@pytest.mark.parametrize("kind", TERMS)
def test_terms_are_there_in_every_language(kind: str) -> None:
    assert all(len(names) == len(LANGUAGES) and all(names) for names in TERMS[kind].values())


def test_no_text_is_unused() -> None:
    said = set(_constants())
    prefixes = tuple(each[:-1] for each in said if each.endswith("*") and "." in each)
    assert [key for key in TEXTS if key not in said and not key.startswith(prefixes)] == []


def test_no_text_that_is_used_is_missing() -> None:
    groups = {key.partition(".")[0] for key in TEXTS}
    missing = set()
    for path in _CONSOLE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            key = node.args[0].value
            if called in ("words", "_words", "text") and isinstance(key, str) and key.partition(".")[0] in groups:
                missing |= {key} - set(TEXTS)
    assert missing == set()


def test_every_built_in_condition_and_kind_of_report_has_its_words() -> None:
    names = [
        line.split('"')[1]
        for text in seeds.condition_texts().values()
        for line in text.splitlines()
        if line.startswith("name")
    ]
    assert names
    assert [name for name in names if name not in CONDITIONS] == []
    kinds = [line.split('"')[1] for line in seeds.incidents_text().splitlines() if line.startswith("name")]
    assert [kind for kind in kinds if kind not in TERMS["report_kind"]] == []


def test_words_in_both_languages() -> None:
    assert Words("zh")("nav.alarms") == "报警"
    assert Words("en")("alarms.shown", shown=3, n=9) == "3 of 9 open alarms"
    assert Words("zh").term("flag", "3") == "可疑"
    assert Words("en").condition("my.rule", "Its title") == "Its title"
    assert Words("en").term("quantity", "some_thing") == "some thing"


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("zh", "en", "zh"),
        (None, "de-DE,zh-CN;q=0.8", "zh"),
        ("xx", "fr", "en"),
        (None, "", "en"),
        (None, "en-GB", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_what_the_browser_asks_for(
    chosen: str | None, accepted: str, language: str
) -> None:
    assert language_of(chosen, accepted) == language
