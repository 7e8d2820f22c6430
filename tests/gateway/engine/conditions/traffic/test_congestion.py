"""Congestion: a segment against the free flow that it has shown, learned and kept."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.config.content import AssetFacts
from gateway.engine.zone import ZoneEngine
from tests.support.conditions import CONGESTION, LEL, SEGMENT, Seen, device, feed, judging, made_of, says, seen
from tests.support.engine import SECOND, START, config_row

DEVICES = [device("s1", "segment", asset="road-1"), device("s2", "segment", asset="road-2")]
ASSETS = [AssetFacts("road-1", "segment", "a", {"free_flow_kmh": 60.0}), AssetFacts("road-2", "segment", "a", {})]


def _made(**changed: Any) -> ZoneEngine:
    return judging(CONGESTION | changed, devices=DEVICES, assets=ASSETS)


def _drive(made: ZoneEngine, name: str, speeds: Sequence[float | None], first: int = 0) -> list[Seen]:
    """A reading each ten minutes, the first one at `first` times ten minutes."""
    return seen(feed(made, [says("segment", name, 600 * (first + k), speed=v) for k, v in enumerate(speeds)]))


def test_until_a_segment_is_known_its_limit_stands_for_free_flow() -> None:
    made = _made()

    changes = _drive(made, "s1", [55, 24, 17, 26, 28])  # delay time proportion 1 - v / 60: 0.6 at 24, 0.72, 0.57, 0.53

    assert changes == [("raised", "road-1", 1, 600), ("level", "road-1", 2, 1200), ("level", "road-1", 1, 1800),
                       ("returned", "road-1", 1, 2400)]  # fmt: skip


def test_a_segment_without_a_limit_is_not_judged_before_it_is_known() -> None:
    made = _made()

    assert _drive(made, "s2", [5] * 11) == []
    # known by now, and five is all that it has ever shown
    assert _drive(made, "s2", [5, 5], 11) == []


def test_free_flow_is_what_the_segment_has_shown() -> None:
    made = _made()
    _drive(made, "s1", [100.0] * 30)

    assert _drive(made, "s1", [38, 50], 30) == [("raised", "road-1", 1, 18_000), ("returned", "road-1", 1, 18_600)]


def test_a_missing_speed_is_no_standstill() -> None:
    made = _made()

    assert _drive(made, "s1", [55, None, None, 55]) == []


def test_a_device_without_an_asset_is_its_own_place() -> None:
    made = judging(CONGESTION | {"least": 2}, profiles=[SEGMENT])

    assert _drive(made, "met", [80, 80, 80, 10]) == [("raised", "met", 2, 1800)]


def test_of_two_devices_of_a_segment_the_worse_one_counts() -> None:
    both = [device("s1", "segment", asset="road-1"), device("s3", "segment", asset="road-1")]
    made = judging(CONGESTION, devices=both, assets=ASSETS)
    rows = [says("segment", name, 600 * k, speed=v) for k in range(6) for name, v in (("s1", 10), ("s3", 55))]

    assert seen(feed(made, rows)) == [("raised", "road-1", 2, 0)]
    assert _drive(made, "s1", [50], 6) == [("returned", "road-1", 2, 3600)]


def _learned(made: ZoneEngine) -> list[Seen]:
    """Congested only for who knows that this segment runs at 100."""
    return _drive(made, "s1", [38], 40)


def test_what_was_learned_is_kept_over_a_restart() -> None:
    made = _made()
    _drive(made, "s1", [100.0] * 30)

    assert _learned(ZoneEngine.restore(made.snapshot())) == [("raised", "road-1", 1, 24_000)]


@pytest.mark.parametrize(("conditions", "kept"), [
    ([CONGESTION, LEL], True), ([LEL, CONGESTION], True), ([CONGESTION | {"title": "Jam"}], True),
    ([CONGESTION | {"least": 20}], False),
])  # fmt: skip
def test_a_configuration_that_leaves_a_condition_alone_keeps_what_it_learned(conditions: list[Any], kept: bool) -> None:
    made = _made()
    _drive(made, "s1", [100.0] * 30)

    made.step([config_row(made_of(*conditions, devices=DEVICES, assets=ASSETS), made.now)], made.now, True)

    assert bool(_learned(made)) == kept


def test_what_was_learned_stays_with_its_segment_when_others_leave() -> None:
    made = _made()
    _drive(made, "s2", [50.0] * 30)
    _drive(made, "s1", [100.0] * 30, 30)
    alone = made_of(CONGESTION, devices=[DEVICES[0]], assets=ASSETS)

    made.step([config_row(alone, made.now)], made.now, True)

    assert _drive(made, "s1", [38], 60) == [("raised", "road-1", 1, 36_000)]
    assert _drive(ZoneEngine.restore(made.snapshot()), "s2", [1], 61) == []


def test_a_device_met_in_the_call_that_configures_is_judged_after_it() -> None:
    made = _made()
    row = says("segment", "s1", 0, speed=55)
    again = made_of(CONGESTION, LEL, devices=DEVICES, assets=ASSETS)

    made.step([row, config_row(again, START), says("segment", "s2", 1, speed=55)], START + SECOND, True)

    assert _drive(made, "s1", [10], 1) == [("raised", "road-1", 2, 600)]


def test_means_of_an_hour_are_judged_where_a_window_is_asked_for() -> None:
    made = _made(window_secs=3600)

    changes = _drive(made, "s1", [20.0, 10, 10, 10, 10, 10] + [60.0] * 8)

    assert changes == [("raised", "road-1", 2, 3600), ("returned", "road-1", 2, 7200)]
