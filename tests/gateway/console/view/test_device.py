"""A device: charts by unit, alarms on the time axis, neighbours."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.console.texts.words import Words
from gateway.console.view.device import alarm_spans, distance_m, groups_of, nearest, safe_name

ZONE = ZoneInfo("Asia/Shanghai")
SECOND = 1_000_000_000


def test_quantities_of_one_unit_share_a_chart_but_ratios_dont() -> None:
    series = [
        {"quantity": q, "unit": u}
        for q, u in (("u_a", "V"), ("i_a", "A"), ("u_b", "V"), ("pf", "ratio"), ("thd", "ratio"))
    ]
    assert [(group.unit, group.quantities) for group in groups_of(series)] == [
        ("V", ("u_a", "u_b")), ("A", ("i_a",)), ("ratio", ("pf",)), ("ratio", ("thd",)),
    ]  # fmt: skip


def test_at_most_four_lines_a_chart() -> None:
    series = [{"quantity": f"t{k}", "unit": "Cel"} for k in range(9)]
    assert [len(group.quantities) for group in groups_of(series)] == [4, 4, 1]


def _change(what: str, state: str, at: int, **more: Any) -> dict[str, Any]:
    plain = {
        "alarm": "a",
        "change": what,
        "state": state,
        "at": at * SECOND,
        "since": SECOND,
        "priority": 3,
        "condition": "gas.lel",
    }
    return plain | more


def test_an_alarm_ends_where_it_returned() -> None:
    changes = [
        _change("returned", "returned", 50),
        _change("acknowledged", "normal", 60),
        _change("raised", "unacknowledged", 1),
    ]
    (span,) = alarm_spans(changes, 0, 100 * SECOND, ZONE, Words("en"), {})
    assert span.over is not None
    assert span.over - span.begin == pytest.approx(49_000)
    assert span.title == "Combustible gas"


def test_one_that_stands_has_no_end_and_one_from_before_is_left_out() -> None:
    stands = _change("repeated", "unacknowledged", 70, alarm="b", priority=1)
    over = [_change("raised", "unacknowledged", 1), _change("returned", "returned", 5)]
    found = alarm_spans([*over, stands], 10 * SECOND, 100 * SECOND, ZONE, Words("en"), {})
    assert [(span.priority, span.over) for span in found] == [(1, None)]


def test_the_nearest_of_the_same_profile() -> None:
    me = {"id": "a", "profile": "p", "lon": 113.0, "lat": 23.0}
    others = [
        {**me},
        {**me, "id": "b", "lat": 23.1},
        {**me, "id": "c", "lat": 23.01},
        {**me, "id": "d", "profile": "q"},
        {**me, "id": "e", "lon": None},
    ]
    assert [other["id"] for _, other in nearest(me, others)] == ["c", "b"]
    assert nearest({**me, "lon": None}, others) == []
    assert distance_m(me, others[2]) == pytest.approx(1106, rel=0.01)


@pytest.mark.parametrize(
    ("name", "safe"), [("meter-1", "meter-1"), ("../../etc", ".._.._etc"), ("a/b\r\nx", "a_b__x"), ("名", "_")]
)
def test_file_names_are_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe
