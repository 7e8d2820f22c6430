"""Every kind of condition in one city: how its rows are cut into calls doesn't show, nor do other zones."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.config.conditions.kinds import KINDS
from tests.support.every_kind import EVERY_KIND, WHOLE, Cuts, played, told
from tests.support.every_kind_rows import CALLS, rows_of_every_kind

_CUTS = st.lists(
    st.lists(st.integers(1, 999), max_size=4).map(sorted), min_size=len(CALLS), max_size=len(CALLS)
)  # fmt: skip
_MANY: Cuts = [list(range(20, 1000, 90))] * len(CALLS)


def test_every_kind_is_judged_here() -> None:
    assert {each["kind"] for each in EVERY_KIND} == set(KINDS)


def test_what_is_drawn_here_raises_and_ends_alarms_of_every_kind_and_tells_figures() -> None:
    found = [told(played(rows_of_every_kind(seed), WHOLE)) for seed in (1, 4)]
    named = {(of[0], of[1]) for each in found for of in each}
    silent = {each["name"] for each in EVERY_KIND if ("alarm", each["name"]) not in named}

    assert silent == {"traffic.travel-time"}  # which has none
    assert {name for kind, name in named if kind == "figure"} == {
        "drainage.blockage", "drainage.filling", "grid.compliance", "grid.dip", "grid.energy-balance", "grid.event",
        "grid.transformer", "grid.unbalance", "traffic.congestion", "traffic.queue", "traffic.service-level",
        "traffic.slow", "traffic.travel-time", "traffic.zone-index", "water.balance", "water.counter-trend",
        "water.leak",
    }  # fmt: skip


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), _CUTS)
# what was wrong once, each of it in one of these: meters, customers, gauges, loops, segments and detectors that are met
# in the middle of a call; weeks that share a call; periods told in another order; events that reach back
@example(2, _MANY)
@example(3, _MANY)
@example(6, _MANY)
def test_any_cut_of_the_rows_gives_the_same_alarms_and_figures(seed: int, cuts: Cuts) -> None:
    calls = rows_of_every_kind(seed)

    assert told(played(calls, cuts)) == told(played(calls, WHOLE))


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32))
def test_a_zone_is_judged_the_same_whatever_others_are_hosted(seed: int) -> None:
    calls = rows_of_every_kind(seed)
    apart = [told(played(calls, WHOLE, zone)) for zone in "ab"]

    assert told(played(calls, WHOLE)) == apart[0] | apart[1]
