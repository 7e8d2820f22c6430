"""The harness itself: time excused, what of alarms must be the same, settings, the table."""

import tomllib

from gateway.score.troubles import Raised
from tests.chaos.judging import excused, settled
from tests.chaos.places import merged, toml
from tests.chaos.report import Row, rendered

END = 1_000


def _alarm(at: int, over: int | None, told: int, told_over: int = 0, condition: str = "gas.lel") -> Raised:
    return Raised(condition, "tunnel-1", "tianhe", at, over, told, told_over)


def test_time_in_which_nobody_could_be_told_is_no_delay() -> None:
    assert excused(_alarm(100, 500, told=300, told_over=520), [(150, 250), (600, 700)]) == _alarm(
        100, 500, told=200, told_over=520
    )
    assert excused(_alarm(100, None, told=300), []) == _alarm(100, None, told=300)


def test_an_alarm_that_is_over_at_another_moment_is_another_one() -> None:
    undisturbed = [_alarm(100, 500, 110, 510)]

    assert settled(undisturbed, undisturbed, END) == settled([_alarm(100, 500, 700, 710)], undisturbed, END)
    assert settled(undisturbed, undisturbed, END) != settled([_alarm(100, 501, 110, 510)], undisturbed, END)
    assert settled(undisturbed, undisturbed, END) != settled([], undisturbed, END)


def test_what_only_the_end_of_a_recording_told_is_not_asked_for() -> None:
    undisturbed = [_alarm(100, 500, 110, END + 1), _alarm(900, None, END + 1)]

    assert settled(undisturbed, undisturbed, END) == settled([_alarm(100, None, 110)], undisturbed, END)


def test_of_a_silent_device_only_who_it_is_must_be_the_same() -> None:
    here, there = (_alarm(at, at + 9, at, at + 9, "device.silent") for at in (100, 107))

    assert settled([here], [there], END) == settled([there], [there], END) != settled([], [there], END)


def test_settings_are_merged_table_by_table_and_read_back() -> None:
    settings = merged(
        {"data_dir": "d", "stores": {"duckdb": {"threads": 1, "enabled": True}}},
        {"stores": {"duckdb": {"enabled": False}}, "sources": [{"name": "a", "filters": ["x/#"]}]},
    )

    assert tomllib.loads(toml(settings)) == {
        "data_dir": "d", "sources": [{"name": "a", "filters": ["x/#"]}],
        "stores": {"duckdb": {"threads": 1, "enabled": False}},
    }  # fmt: skip


def test_a_row_says_what_did_not_hold() -> None:
    text = rendered([
        Row("kill -9", 7, 1234, 0, 0, True, 4, 0, 1.25, "held"),
        Row("none", 7, 10, 2, 1, False, 3, 1, None, "2 | lost"), Row("early", 7),
    ])  # fmt: skip

    assert "| kill -9 | 7 | 1,234 | 0 | 0 | yes | 4 of 4 | 1.2 | held |" in text
    assert "| none | 7 | 10 | 2 | 1 | NO | 3 of 4 |  | 2 / lost |" in text
    assert "| early | 7 |  |  |  |  |  |  | not judged |" in text
