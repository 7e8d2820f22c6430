"""Kinds and times: which troubles may share a cause, and the likely first one."""

from typing import Any

import pytest

from gateway.config.incidents import IncidentRules
from gateway.engine.incidents.incident_model import Head, Part
from gateway.engine.incidents.links import Links

SECOND = 1_000_000_000
RULES: dict[str, Any] = {
    "linking": {"slack_secs": 100, "alike_secs": 50},
    "reports": [
        {"name": "dark", "title": "Dark", "domain": "grid", "priority": 2},
        {"name": "other", "title": "Other", "domain": "other", "priority": 4, "alike": False},
    ],
    "links": [
        {"cause": "water.burst", "effects": ["water.low", "drainage.*"], "within_secs": 1000},
        {"cause": "drainage.*", "effects": ["traffic.jam"], "within_secs": 1000, "while_standing": False},
        {"cause": "grid.*", "effects": ["dark", "grid.*"], "within_secs": 10},
        {"cause": "grid.out", "effects": ["dark"], "within_secs": 500},
        {"cause": "traffic.jam", "effects": ["traffic.jam"], "within_secs": 20, "while_standing": False},
    ],
}  # fmt: skip


def links() -> Links:
    return Links(IncidentRules.model_validate(RULES))


def part(kind: str, began: int, over: int = 0, latest: int | None = None) -> Part:
    last = began if latest is None else latest
    return Part(kind, "alarm", kind, kind, "a", "z", "d", 1, 1, began * SECOND, last * SECOND, (), over * SECOND)


def heads(**began: int | tuple[int | None, ...]) -> dict[str, list[Head | None]]:
    out: dict[str, list[Head | None]] = {}
    for name, times in began.items():
        each = times if isinstance(times, tuple) else (None, times, None, None)
        kind = name.replace("_", ".")
        out[kind] = [None if at is None else Head(at * SECOND, f"{kind}-{depth}") for depth, at in enumerate(each)]
    return out


@pytest.mark.parametrize(
    ("one", "other", "linked"),
    [
        (part("water.burst", 0), part("water.low", 99_999), True),
        (part("water.burst", 0, over=500), part("water.low", 1500), True),
        (part("water.burst", 0, over=500), part("water.low", 1501), False),
        (part("water.burst", 100), part("water.low", 0), True),
        (part("water.burst", 101), part("water.low", 0), False),
        (part("water.burst", 101), part("water.low", 0, latest=50), True),
        (part("water.burst", 0), part("drainage.overflow", 10), True),
        (part("drainage.overflow", 0), part("traffic.jam", 1000), True),
        (part("drainage.overflow", 0), part("traffic.jam", 1001), False),
        (part("water.burst", 0), part("traffic.jam", 0), False),
        (part("grid.out", 0, over=1), part("dark", 501), True),
        (part("grid.sag", 0, over=1), part("dark", 501), False),
        (part("grid.sag", 0, over=1), part("grid.out", 11), True),
        (part("traffic.jam", 0), part("traffic.jam", 20), True),
        (part("traffic.jam", 0), part("traffic.jam", 121), False),
        (part("water.low", 0), part("water.low", 50), True),
        (part("water.low", 0), part("water.low", 151), False),
        (part("water.low", 0, latest=101), part("water.low", 151), True),
        (part("dark", 0), part("dark", 5), True),
        (part("other", 0), part("other", 0), False),
    ],
)
def test_kind_and_time_link_or_dont_whichever_came_first(one: Part, other: Part, linked: bool) -> None:
    table = links()
    assert table.linked(one, other) is linked
    assert table.linked(other, one) is linked
    if linked:
        assert table.related(one.kind, other.kind)


def test_a_row_of_a_domain_is_no_row_of_a_kind_with_itself() -> None:
    table = links()
    same = table.between("grid.sag", "grid.sag")
    assert same is not None
    assert same.within == 50 * SECOND


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (heads(traffic_jam=0, drainage_full=50, water_burst=90), "water.burst-1"),
        (heads(traffic_jam=0, drainage_full=50, water_burst=151), "drainage.full-1"),
        (heads(traffic_jam=0, drainage_full=101), "traffic.jam-1"),
        (heads(water_low=0, water_burst=60, gas_lel=0), "water.burst-1"),
        (heads(gas_lel=0, traffic_jam=0), "gas.lel-1"),
        (heads(gas_lel=5, traffic_jam=0), "traffic.jam-1"),
        (heads(grid_out=(100, 40, 0, None)), "grid.out-0"),
        (heads(grid_out=(101, 40, 0, None)), "grid.out-1"),
        (heads(grid_out=(None, 200, 0, None)), "grid.out-2"),
        (heads(grid_out=5, grid_sag=5), "grid.out-1"),
        (heads(grid_out=5, grid_sag=4), "grid.sag-1"),
    ],
)
def test_the_first_cause_goes_by_table_time_and_asset_graph(found: dict[str, Any], first: str) -> None:
    assert links().first_cause(found) == first
    assert links().first_cause(dict(reversed(found.items()))) == first
