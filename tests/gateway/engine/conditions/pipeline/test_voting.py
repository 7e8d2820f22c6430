"""Two of three gas detectors, by rows."""

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.config.content import AssetFacts
from gateway.engine.zone import ZoneEngine
from gateway.rows import Row
from tests.support.conditions import GAS, LEL, PROFILES, Seen, device, feed, judging, made_of, says, seen, transitions
from tests.support.engine import config_row

CONFIRMED: dict[str, Any] = {
    "name": "gas.lel-confirmed", "title": "Gas", "kind": "voting", "profile": "gas", "quantity": "lel",
    "high": [20, 25, 50], "deadband": 2, "validity_secs": 30, "priorities": [1],
}  # fmt: skip
TUNNEL = AssetFacts("tunnel", "tunnel-section", "a", {})
THREE = [device(name, "gas", "a", "tunnel") for name in ("d1", "d2", "d3")]


def _made(*conditions: Any, devices: Sequence[Any] = tuple(THREE), **changed: Any) -> ZoneEngine:
    return judging(*(conditions or (CONFIRMED | changed,)), devices=devices, assets=[TUNNEL])


def _rows(*said: tuple[float, str, float | None]) -> list[Row]:
    return [says("gas", name, secs, lel=value) for secs, name, value in said]


CALM = [(0.0, "d1", 1.0), (1.0, "d2", 1.0), (2.0, "d3", 1.0)]


def test_the_second_detector_that_reaches_a_level_confirms_it_at_once_and_at_the_asset() -> None:
    rows = _rows(*CALM, (10, "d1", 60.0), (11, "d2", 27.0))

    results = feed(_made(), rows)

    # two agree on 25, one alone is at 50; judged on the reading itself, no window has ended
    assert seen(results) == [Seen("raised", "tunnel", 2, 11)]
    (raised,) = transitions(results)
    assert (raised.zone, raised.value, raised.domain) == ("a", 27.0, "gas")


def test_one_detector_alone_confirms_nothing_however_high_and_has_an_alarm_of_its_own() -> None:
    rows = _rows(*CALM, (10, "d1", 90.0), (11, "d2", 1.0), (12, "d3", 19.9), (20, "d1", 90.0))

    assert seen(feed(_made(CONFIRMED, LEL), rows)) == [Seen("raised", "d1", 3, 10)]


def test_it_is_over_when_only_one_is_left_and_the_deadband_keeps_it_until_then() -> None:
    rows = _rows(*CALM, (10, "d1", 22.0), (11, "d2", 21.0), (20, "d2", 18.5), (30, "d1", 22.0), (31, "d2", 17.9))

    assert [(change.change, change.secs) for change in seen(feed(_made(), rows))] == [("raised", 11), ("returned", 31)]


def test_a_detector_without_a_value_does_not_vote() -> None:
    rows = _rows(*CALM, (10, "d1", 30.0), (11, "d1", None), (12, "d2", 30.0))

    assert seen(feed(_made(), rows)) == []


def test_a_vote_is_over_when_it_is_old() -> None:
    assert seen(feed(_made(), _rows(*CALM, (10, "d1", 30.0), (25, "d3", 1.0), (40, "d2", 30.0))))
    assert not seen(feed(_made(), _rows(*CALM, (10, "d1", 30.0), (25, "d3", 1.0), (41, "d2", 30.0))))


def test_a_reading_out_of_order_changes_no_vote() -> None:
    rows = [*_rows(*CALM, (10, "d1", 1.0), (11, "d2", 30.0)), says("gas", "d1", 9, lel=30.0, received=12)]

    assert seen(feed(_made(), rows)) == []


@pytest.mark.parametrize("asset", ["other", ""])
def test_detectors_of_other_assets_have_no_say(asset: str) -> None:
    elsewhere = [*THREE[:2], device("d3", "gas", "a", asset)]
    rows = _rows(*CALM, (10, "d1", 30.0), (11, "d2", 30.0), (12, "d3", 30.0))

    assert seen(feed(_made(devices=elsewhere), rows)) == []
    assert seen(feed(_made(), rows)) == [Seen("raised", "tunnel", 2, 11)]


def test_lack_is_voted_on_as_well() -> None:
    oxygen = CONFIRMED | {"quantity": "co", "high": [], "low": [19.5, 18.0], "deadband": 0.3}
    rows = [says("gas", name, k, co=20.9) for k, name in enumerate(("d1", "d2", "d3"))]
    rows += [says("gas", "d1", 10, co=17.0), says("gas", "d3", 11, co=19.0)]

    assert seen(feed(_made(oxygen), rows)) == [Seen("raised", "tunnel", 1, 11)]


def test_all_in_one_call_is_the_same_and_so_is_a_restart_after_each() -> None:
    rows = _rows(*CALM, *[(10.0 + k, f"d{1 + k % 3}", 10.0 + (k * 7) % 23) for k in range(60)])
    one_by_one = seen(feed(_made(), rows))

    made, restarted = _made(), []
    for row in rows:
        restarted += seen(made.step([row], row.received_at, True))
        made = ZoneEngine.restore(made.snapshot())

    assert len(one_by_one) > 4
    assert seen(_made().step(rows, rows[-1].received_at, True)) == one_by_one == restarted


def test_another_zone_changes_nothing() -> None:
    devices = [*[device(f"x{k}", "gas", "b", "cellar") for k in range(3)], *THREE]
    made = judging(CONFIRMED, devices=devices, assets=[TUNNEL, AssetFacts("cellar", "tunnel-section", "b", {})])
    mine = _rows(*CALM, (10, "d1", 60.0), (11, "d2", 27.0))
    other = [says("gas", f"x{k % 3}", k, "b", lel=70.0) for k in range(12)]
    rows = sorted([*other, *mine], key=lambda row: row.received_at)

    found = seen(feed(made, rows))

    assert [change for change in found if change.asset == "tunnel"] == seen(feed(_made(), mine))
    assert {change.asset for change in found} == {"tunnel", "cellar"}


def test_votes_stay_when_another_asset_gets_detectors() -> None:
    made = _made()
    feed(made, _rows(*CALM, (10, "d1", 30.0)))
    more = [device(f"a{k}", "gas", "a", "annex") for k in range(3)]
    facts = [AssetFacts("annex", "tunnel-section", "a", {}), TUNNEL]
    content = made_of(CONFIRMED, devices=[*more, *THREE], assets=facts, profiles=PROFILES)
    made.step([config_row(content, made.now)], made.now, True)

    assert GAS in PROFILES
    assert seen(feed(made, _rows((11, "d2", 30.0)))) == [Seen("raised", "tunnel", 2, 11)]


def test_two_agree_though_the_third_detector_was_never_heard_and_its_first_word_changes_nothing() -> None:
    rows = _rows((0, "d1", 1.0), (1, "d2", 1.0), (10, "d1", 60.0), (11, "d2", 27.0), (12, "d3", 1.0), (13, "d2", 27.0))

    assert seen(feed(_made(), rows)) == [Seen("raised", "tunnel", 2, 11)]
    for cut in range(1, len(rows)):
        made = _made()
        pieces = [made.step(part, rows[-1].received_at, True) for part in (rows[:cut], rows[cut:])]
        assert seen(pieces) == [Seen("raised", "tunnel", 2, 11)]
