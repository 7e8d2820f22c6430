"""FIWARE UltraLight: groups, their times, and what a bad value, group and message cost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import seeds
from device_sims.encoders.flat import ultralight
from gateway.codecs.compiled import RECEIPT, Bounds, compile_profile
from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, NoMatch, Router
from gateway.reasons import Ignored
from tests.support.formats import NOON, compiled_as, told_by

SECOND = 10**9
TIMED: dict[str, Any] = {"time": {"path": "TimeInstant", "format": "iso_basic", "unusable": "receipt"}}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("2026-03-01T12:00:00Z|v|15.2|w|48#v|15.3", [(NOON, {"v": 15.2, "w": 48}), (RECEIPT, {"v": 15.3})]),
        ("v|15.2", [(RECEIPT, {"v": 15.2})]),
        ("20260301T120000Z|v|1#2026-03-01T12:00:01.5Z|v|2", [(NOON, {"v": 1}), (NOON + 3 * SECOND // 2, {"v": 2})]),
        ("v|1|TimeInstant|2026-03-01T12:00:00Z", [(NOON, {"v": 1})]),
        (" v | 1 | x | on \n", [(RECEIPT, {"v": 1})]),
        ("v|", [(RECEIPT, {"v": None})]),
        ("some|v|1", [(RECEIPT, {"v": 1})]),
    ],
)
def test_groups_have_a_time_each_or_none(payload: str, expected: list[Any]) -> None:
    told = told_by(compiled_as("ultralight", **TIMED), payload.encode())
    assert told.rows == expected
    assert not told.invalid
    assert not told.refused


@pytest.mark.parametrize(
    ("group", "invalid", "kept"),
    [
        ("v|x|w|1", [("v", "wrong_type")], [{"w": 1}]),
        ("", [("", "record_shape")], []),
        ("2026-03-01T12:00:00Z", [("", "record_shape")], []),
        ("|1", [("", "record_shape")], []),
    ],
)
def test_a_bad_value_costs_its_reading_and_a_bad_group_its_record(
    group: str, invalid: list[tuple[str, str]], kept: list[dict[str, float]]
) -> None:
    told = told_by(compiled_as("ultralight", **TIMED), f"v|1#{group}#v|2".encode())
    assert told.invalid == invalid
    assert [values for _, values in told.rows] == [{"v": 1}, *kept, {"v": 2}]


@pytest.mark.parametrize(
    ("payload", "refused"),
    [
        (b"", "empty"), (b"nothing", "unreadable"), (b"\xff|1", "not_utf8"), (b"#" * 21, "too_many_records"),
        (b"|" * 201, "too_many_records"), (b"v|1", "time_missing"),
    ],
)  # fmt: skip
def test_a_message_goes_only_where_nothing_of_it_can_be_read(payload: bytes, refused: str) -> None:
    time = {"path": "TimeInstant", "format": "iso_basic"}
    assert told_by(compiled_as("ultralight", Bounds(max_records=20), time=time), payload).refused == refused


def test_the_api_key_of_the_built_in_profile_is_no_news_and_stays_secret() -> None:
    profiles = load_profiles(seeds.profile_texts())
    router = Router(profiles)
    for topic, kept in (
        ("/ul/s3cret/lamp-1/attrs", "/ul/***/lamp-1/attrs"),
        ("ul/s3cret/lamp-1/attrs", "ul/***/lamp-1/attrs"),
        ("/s3cret/lamp-1/attrs", "/***/lamp-1/attrs"),
    ):
        match = router.match(topic)
        assert isinstance(match, Match)
        assert (profiles[match.profile].name, match.key) == ("fiware-ul", "lamp-1")
        assert compile_profile(profiles[match.profile]).redact(topic, b"v|1") == (kept, b"v|1")
    answer = router.match("/ul/s3cret/lamp-1/cmdexe")
    assert isinstance(answer, NoMatch)
    assert answer.reason is Ignored.NO_READING


NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="|#"), min_size=1, max_size=6)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15)


@given(st.lists(st.tuples(st.booleans(), st.dictionaries(NAMES, NAMES, max_size=3), NUMBERS), min_size=1, max_size=4))
def test_what_the_simulators_write_is_read_as_it_was(groups: list[tuple[bool, dict[str, str], float]]) -> None:
    sent = [
        ("2026-03-01T12:00:00.000Z" if timed else "", {f"_{k}": v for k, v in more.items()} | {"v": repr(number)})
        for timed, more, number in groups
    ]
    told = told_by(compiled_as("ultralight", **TIMED), ultralight(sent))
    assert told.rows == [(NOON if timed else RECEIPT, {"v": number}) for timed, _, number in groups]
