"""The harness itself: time excused, what of alarms must be the same, settings, the table."""

import tomllib

from gateway.score.troubles import Raised
from tests.chaos.judging import excused, settled
from tests.chaos.places import merged, toml
from tests.chaos.report import Row, rendered
from tests.chaos.soak import Sample, judged, judged_by_days

SECOND = 1_000_000_000
END = 1_000 * SECOND


def _alarm(at: int, over: int | None, told: int, told_over: int = 0, condition: str = "gas.lel") -> Raised:
    """Times in seconds."""
    ended = None if over is None else over * SECOND
    return Raised(condition, "tunnel-1", "tianhe", at * SECOND, ended, told * SECOND, told_over * SECOND)


def test_time_in_which_nobody_could_be_told_is_no_delay() -> None:
    assert excused(
        _alarm(100, 500, told=300, told_over=520), [(150 * SECOND, 250 * SECOND), (600 * SECOND, 700 * SECOND)]
    ) == _alarm(100, 500, told=200, told_over=520)
    assert excused(_alarm(100, None, told=300), []) == _alarm(100, None, told=300)


def test_an_alarm_that_is_over_at_another_moment_is_another_one() -> None:
    undisturbed = [_alarm(100, 500, 110, 510)]

    assert settled(undisturbed, undisturbed, END) == settled([_alarm(100, 500, 700, 710)], undisturbed, END)
    assert settled(undisturbed, undisturbed, END) != settled([_alarm(100, 501, 110, 510)], undisturbed, END)
    assert settled(undisturbed, undisturbed, END) != settled([], undisturbed, END)


def test_what_only_the_end_of_a_recording_told_is_not_asked_for() -> None:
    undisturbed = [_alarm(100, 500, 110, 990), _alarm(900, None, 990)]

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


def _soaked(mb: list[float], files: list[int]) -> list[str]:
    return judged([Sample(30.0 * k, 7, *pair) for k, pair in enumerate(zip(mb, files, strict=True))])[1]


def test_a_soak_is_flat_where_memory_wavers_and_not_where_it_climbs() -> None:
    wavers, climbs = [200.0 + 20 * (k % 3) for k in range(120)], [200.0 + k for k in range(120)]
    same = [30 + k % 2 for k in range(120)]

    assert _soaked(wavers, same) == []
    assert len(_soaked(climbs, same)) == 1
    assert len(_soaked(wavers, [30 + k // 10 for k in range(120)])) == 1
    # what happened in the first half says nothing of the second
    assert _soaked([400.0] * 60 + [200.0] * 60, same) == []


def test_days_are_alike_where_memory_rises_by_day_and_falls_by_night() -> None:
    def wrong(night_leaves: float) -> list[str]:
        mb = [300.0 + 10 * (k % 10) + night_leaves * (k // 10) for k in range(80)]
        return judged_by_days([Sample(30.0 * k, 7, each, 30) for k, each in enumerate(mb)], 0.0, 300.0)[1]

    assert wrong(0.0) == []
    assert wrong(20.0) == ["memory grows by 100 MB over 6 days"]
