"""Bare words and numbers, without JSON's quotes."""

from typing import Any

import pytest

from gateway.codecs.compiled import RECEIPT
from tests.support.formats import compiled_as, told_by

WORDS: dict[str, Any] = {"type": "enum", "enum": {"on": 1, "Online": 2, "nan": 3}}
FLAG: dict[str, Any] = {"type": "boolean"}


@pytest.mark.parametrize(
    ("payload", "field", "value"),
    [
        (b"21.5", {"unit": "Cel"}, 21.5), (b" -1e-1\r\n", {"unit": "Cel"}, -0.1), (b"nan", {"unit": "Cel"}, None),
        (b"NaN", {"unit": "Cel"}, None), (b"null", {"unit": "Cel"}, None), (b"  ", {"unit": "Cel"}, None),
        (b"on", WORDS, 1), (b"Online", WORDS, 2), (b"nan", WORDS, 3), (b"null", WORDS, None),
        (b"TRUE", FLAG, 1), (b"0", FLAG, 0), (b"42", {"type": "numeric_string", "unit": "1"}, 42),
    ],
)  # fmt: skip
def test_the_whole_message_is_the_value(payload: bytes, field: dict[str, Any], value: float | None) -> None:
    told = told_by(compiled_as("text", fields={"v": {"path": "$", **field}}), payload)
    assert told.rows == [(RECEIPT, {"v": value})]
    assert not told.invalid


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        (b"on", {"unit": "Cel"}, "wrong_type"), (b"inf", {"unit": "Cel"}, "wrong_type"),
        (b"9e999", {"unit": "Cel"}, "not_finite"), (b"off", WORDS, "enum_unknown"), (b"on", FLAG, "wrong_type"),
        (b"21.5 C", {"unit": "Cel"}, "wrong_type"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_invalid(payload: bytes, field: dict[str, Any], reason: str) -> None:
    told = told_by(compiled_as("text", fields={"v": {"path": "$", **field}}), payload)
    assert told.invalid == [("v", reason)]


def test_two_fields_may_look_at_one_word() -> None:
    fields = {"on": {"path": "$", "type": "enum", "enum": {"on": 1, "off": 0}}, "v": {"path": "$", "unit": "1"}}
    told = told_by(compiled_as("text", fields=fields), b"on")
    assert told.rows == [(RECEIPT, {"on": 1})]
    assert told.invalid == [("v", "wrong_type")]


def test_nothing_is_empty_and_other_bytes_are_no_text() -> None:
    profile = compiled_as("text", fields={"v": {"path": "$", "unit": "1"}})
    assert told_by(profile, b"").refused == "empty"
    assert told_by(profile, b"\xff").refused == "not_utf8"
