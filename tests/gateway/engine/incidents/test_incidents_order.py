"""The order of what commutes, repeated rows and a restart at any place change nothing."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.alarm_model import Transition
from gateway.engine.city import CityEngine, CityResult
from gateway.journal.snapshots import Snapshot, Snapshots
from gateway.rows import Row
from tests.support.aliasing import shared_parts
from tests.support.city import MINUTE, Alarm, add, advance, call, city, city_content, together
from tests.support.engine import START

ALARMS = [
    ("water.burst", "dma-1", "dma-1"), ("water.pressure-low", "critical-1", "dma-1"),
    ("traffic.congestion", "road-1", "tianhe"), ("traffic.congestion", "road-2", "tianhe"),
    ("traffic.congestion", "road-9", "nansha"), ("grid.dip", "feeder-1", "feeder-1"),
    ("device.silent", "meter-1", "feeder-1"), ("device.silent", "meter-9", "feeder-9"),
    ("gas.lel", "stranger", "tianhe"),
]  # fmt: skip
KINDS = ["no-water", "road-flooded", "congestion", "power-out", "gas-smell", "other"]
PLACES: list[dict[str, Any]] = [
    {}, {"asset": "road-2"}, {"asset": "tx-9"}, {"zone": "tianhe"}, {"zone": "dma-1"},
    {"lon": 113.5252, "lat": 22.8017},
]  # fmt: skip
TIMES = st.integers(0, 200).map(lambda minutes: minutes * MINUTE)

raised = st.lists(st.tuples(st.sampled_from(ALARMS), TIMES), max_size=9, unique_by=lambda each: each[0])
reported = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(PLACES), TIMES), max_size=6)


def standing(alarms: Any, reports: Any) -> list[Transition | Row]:
    return [
        *(Alarm(name[0], name[1], name[2], at).raised() for name, at in alarms),
        *(add(f"r{k}", kind, at, **place) for k, (kind, place, at) in enumerate(reports)),
    ]


@given(raised, reported, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_which_troubles_are_one_incident_does_not_depend_on_their_order(alarms: Any, reports: Any, random: Any) -> None:
    came = standing(alarms, reports)
    one, other = city(), city()
    for each in came:
        call(one, each, at=200 * MINUTE)
    random.shuffle(came)
    for each in came:
        call(other, each, at=200 * MINUTE)

    assert together(one) == together(other)
    causes = [{i.cause for i in engine.incidents.incidents.values()} for engine in (one, other)]
    assert causes[0] == causes[1]


STATES = ["accepted", "dispatched", "resolved", "confirmed", "reopened"]


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[list[Transition | Row], int]]:
    """Calls with what came, as time goes on: alarms that rise and return, reports that are brought on, ticks."""
    alarms: dict[Any, Alarm] = {}
    out: list[tuple[list[Transition | Row], int]] = []
    now, reports = 0, 0
    for _ in range(draw(st.integers(1, 25))):
        now += draw(st.sampled_from([1, MINUTE, 10 * MINUTE, 70 * MINUTE, 1500 * MINUTE]))
        came: list[Transition | Row] = []
        for _ in range(draw(st.integers(0, 3))):
            what = draw(st.integers(0, 3))
            name = draw(st.sampled_from(ALARMS))
            if what == 0 and name in alarms:
                came.append(alarms.pop(name).returned(now))
            elif what <= 1 and name not in alarms:
                alarms[name] = Alarm(*name, at=now)
                came.append(alarms[name].raised())
            elif what == 2:
                came.append(add(f"r{reports}", draw(st.sampled_from(KINDS)), now, **draw(st.sampled_from(PLACES))))
                reports += 1
            else:
                report = draw(st.integers(0, max(reports, 1)))
                came.append(advance(f"r{report}", draw(st.sampled_from(STATES)), now))
        out.append((came, now))
    return out


def played(story: Any, cut: int = -1) -> tuple[CityEngine, list[CityResult]]:
    """All calls; before call `cut` the engine is stored and made anew."""
    engine, out = city(), []
    for k, (came, now) in enumerate(story):
        if k == cut:
            engine = restored(engine)
        out.append(call(engine, *came, at=now))
    return engine, out


def restored(engine: CityEngine) -> CityEngine:
    """Through the bytes of a snapshot."""
    plain = msgspec.msgpack.decode(msgspec.msgpack.encode(engine.snapshot(), enc_hook=lambda array: array.tolist()))
    plain |= {name: getattr(engine, name).copy() for name in ("start", "step_secs", "series", "readings", "good")}
    return CityEngine.restore(plain, city_content())


@given(stories(), st.integers(0, 24))
@settings(max_examples=150, deadline=None)
def test_a_restart_between_any_two_calls_does_not_show(story: Any, cut: int) -> None:
    engine, whole = played(story)
    again, parted = played(story, cut)
    assert parted == whole
    assert again.snapshot()["incidents"] == engine.snapshot()["incidents"]
    assert again.snapshot()["reports"] == engine.snapshot()["reports"]
    assert shared_parts(engine.snapshot(), engine) == []


@given(stories(), st.data())
@settings(deadline=None)
def test_a_row_that_comes_twice_changes_nothing_the_second_time(story: Any, data: st.DataObject) -> None:
    twice: list[tuple[list[Transition | Row], int]] = []
    seen: list[Row] = []
    for came, now in story:
        # while a report is known: what was confirmed a week ago is another one
        again = data.draw(st.lists(st.sampled_from(seen), max_size=2)) if seen and now < 6 * 1440 * MINUTE else []
        # a repeated row comes with a receipt of its own
        late = [msgspec.structs.replace(row, received_at=START + now) for row in again]
        twice.append(([*late, *came], now))
        seen += [each for each in came if isinstance(each, Row)]

    _, once = played(story)
    _, more = played(twice)

    assert [(r.reports, r.incidents) for r in once] == [(r.reports, r.incidents) for r in more]


@given(stories())
@settings(deadline=None)
def test_the_figures_of_an_incident_are_those_of_its_parts(story: Any) -> None:
    engine, _ = played(story)
    hub = engine.incidents
    for incident in hub.incidents.values():
        parts = [hub.parts[key] for key in incident.parts]
        assert {part.incident for part in parts} <= {incident.id}
        assert sum(incident.standing) == sum(not part.over for part in parts)
        assert incident.cause in incident.parts
        assert (incident.state == "open") == any(not part.over for part in parts)
    assert {key for incident in hub.incidents.values() for key in incident.parts} == hub.parts.keys()


@given(stories())
@settings(deadline=None)
def test_everything_is_forgotten_in_the_end(story: Any) -> None:
    engine, _ = played(story)
    now = story[-1][1]
    alarms = [part for part in engine.incidents.parts.values() if part.type == "alarm" and not part.over]
    for part in alarms:
        over = Alarm(part.kind, part.asset, part.zone, at=part.latest - START).returned(now)
        call(engine, msgspec.structs.replace(over, alarm=part.id), at=now)
    for report in list(engine.reports.reports):
        for state in ("resolved", "confirmed"):
            call(engine, advance(report, state, now, id=f"end-{report}-{state}"), at=now)
    call(engine, at=now + 30 * 1440 * MINUTE)
    assert (engine.incidents.incidents, engine.incidents.parts, engine.reports.reports) == ({}, {}, {})
    assert engine.incidents.snapshot()["slots"] == []


def test_the_state_stands_in_a_snapshot_file(tmp_path: Any) -> None:
    engine = city()
    call(engine, Alarm("water.burst", "dma-1", "dma-1").raised(), add("r1", "no-water"), at=MINUTE)
    snapshots = Snapshots(tmp_path)
    snapshots.write(Snapshot("0" * 32, 1, 1, START, "", b"", engine.snapshot()))
    found, _ = snapshots.newest_good("0" * 32)
    assert found is not None
    again = CityEngine.restore(found.state, city_content())
    assert again.incidents.snapshot() == engine.incidents.snapshot()
    assert call(again, advance("r1", "accepted", 2 * MINUTE), at=2 * MINUTE).reports[0].state == "accepted"
