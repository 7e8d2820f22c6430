"""A configuration that comes as a row in the middle of the stream: what it keeps, at any place, cut and snapshot."""

import gc
import pickle
import weakref
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.conditions.kinds import KINDS, is_tuning, load_conditions
from gateway.config.content import EngineContent
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.rows import Row
from processors.columns import AggregateBatch
from tests.support.conditions import device, made_of
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, loop
from tests.support.every_kind import ASSETS, DEVICES, EVERY_KIND, PROFILES
from tests.support.every_kind_rows import CALLS, rows_of_every_kind

_SPECS = [
    each.model_dump(mode="json")
    for each in load_conditions([{"title": "Wrong", "priorities": [2]} | given_ for given_ in EVERY_KIND])
]


def _given(specs: Sequence[Mapping[str, Any]], profiles: Sequence[Mapping[str, Any]] = PROFILES) -> EngineContent:
    return made_of(*specs, devices=DEVICES, assets=ASSETS, profiles=profiles)


def _tuned(spec: dict[str, Any], key: str) -> dict[str, Any]:
    """Another value of a key that says how a condition judges."""
    value = spec[key]
    if isinstance(value, bool):
        return {**spec, key: not value}
    if isinstance(value, int | float):
        return {**spec, key: value * 1.25 if isinstance(value, float) else value + 1}
    if isinstance(value, list) and value and all(isinstance(each, int | float) for each in value):
        return {**spec, key: [each * 1.25 if isinstance(each, float) else each for each in value]}
    return spec


_PLAY = Sequence[tuple[Sequence[Row], int, bool]]


def _play(made: ZoneEngine, calls: _PLAY, *, restarts: bool = False) -> list[StepResult]:
    out = []
    for rows, now, live in calls:
        out.append(made.step(rows, now, live))
        if restarts:
            made = ZoneEngine.restore(pickle.loads(pickle.dumps(made.snapshot())))
    return out


def _calls(seed: int, upto: int) -> list[tuple[Sequence[Row], int, bool]]:
    out: list[tuple[Sequence[Row], int, bool]] = []
    for number, (rows, now) in enumerate(zip(rows_of_every_kind(seed)[:upto], CALLS, strict=False)):
        out += [(rows, START + now * SECOND, False), ((), START + (now + 600) * SECOND, number % 3 > 0)]
    return out


def _begun(made: EngineContent) -> ZoneEngine:
    fresh = ZoneEngine()
    fresh.step([config_row(made, START - 1)], START - 1, live=False)
    return fresh


def _with_reloads(calls: _PLAY, at: Mapping[int, Sequence[EngineContent]]) -> _PLAY:
    """Configuration rows begin the calls at these places; other rows are as they were."""
    out = []
    for number, (rows, now, live) in enumerate(calls):
        extra = [config_row(each, now - 1) for each in at.get(number, ())]
        out.append(([*extra, *rows], now, live))
    return out


_UPTO = max(4, len(CALLS) // 2)
_PLACES = st.dictionaries(st.integers(0, 2 * _UPTO - 1), st.integers(1, 2), max_size=5)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), _PLACES)
def test_reloading_the_same_configuration_changes_no_byte_of_what_every_kind_of_condition_gives(
    seed: int, places: dict[int, int]
) -> None:
    same, calls = _given(_SPECS), _calls(seed, _UPTO)
    through = [encode(result) for result in _play(_begun(same), calls)]
    again = _with_reloads(calls, {place: [same] * times for place, times in places.items()})
    assert [encode(result) for result in _play(_begun(same), again)] == through


_CHANGES = st.lists(
    st.tuples(st.integers(0, 2 * _UPTO - 1), st.integers(0, len(_SPECS) - 1), st.integers(0, 40), st.booleans()),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32), _CHANGES)
def test_around_reloads_of_anything_an_engine_goes_on_from_any_snapshot_to_the_same_bytes(
    seed: int, changes: list[tuple[int, int, int, bool]]
) -> None:
    specs, at = [dict(spec) for spec in _SPECS], dict[int, list[EngineContent]]()
    for place, which, key, removed in sorted(changes):
        if removed:
            specs = [spec for k, spec in enumerate(specs) if k != which % len(specs)]
        else:
            spec = specs[which % len(specs)]
            keys = sorted(KINDS[spec["kind"]].TUNING & spec.keys())
            specs[which % len(specs)] = _tuned(spec, keys[key % len(keys)])
        at.setdefault(place, []).append(_given(specs))
    calls = _with_reloads(_calls(seed, _UPTO), at)
    through = [encode(result) for result in _play(_begun(_given(_SPECS)), calls)]
    assert [encode(result) for result in _play(_begun(_given(_SPECS)), calls, restarts=True)] == through


@pytest.fixture(scope="module")
def halfway() -> bytes:
    """An engine of every kind that has learned, pickled."""
    made = _begun(_given(_SPECS))
    _play(made, _calls(3, _UPTO))
    return pickle.dumps(made.snapshot())


@pytest.mark.parametrize("which", range(len(_SPECS)), ids=[spec["name"] for spec in _SPECS])
def test_what_a_condition_has_learned_stays_when_only_its_way_of_judging_changes(which: int, halfway: bytes) -> None:
    spec = _SPECS[which]
    for key in sorted(KINDS[spec["kind"]].TUNING & spec.keys()):
        tuned = _tuned(spec, key)
        if tuned == spec:
            continue
        try:
            load_conditions([tuned])
        except ValueError:
            continue
        made = ZoneEngine.restore(pickle.loads(halfway))
        before = made.snapshot()["judge"]["rules"][spec["name"]]
        made.step([config_row(_given([*_SPECS[:which], tuned, *_SPECS[which + 1 :]]), made.now)], made.now, live=False)
        after = made.snapshot()["judge"]["rules"][spec["name"]]
        changed = {name for name in before if pickle.dumps(before[name]) != pickle.dumps(after[name])}
        # `tick` may note when it looked
        assert changed <= {"judged_at", "live_since"}, f"{key}: {changed}"


def test_another_profile_window_or_kind_is_no_tuning_and_begins_anew() -> None:
    steps = next(spec for spec in _SPECS if spec["kind"] == "steps" and spec["window_secs"])
    assert is_tuning(steps, {**steps, "low": [200], "title": "Other"})
    for key, value in (("profile", "gas"), ("window_secs", 60), ("quantity", "u_a"), ("kind", "trend")):
        assert not is_tuning(steps, {**steps, key: value}), key


# -- windows, series ---------------------------------------------------------------------------------------------------


def _aggregates(results: Sequence[StepResult]) -> dict[tuple[int, int, int], tuple[float, ...]]:
    batch = AggregateBatch.concat([result.aggregates for result in results])
    keys = zip(batch.series.tolist(), batch.step.tolist(), batch.start.tolist(), strict=True)
    return dict(zip(keys, zip(batch.count.tolist(), batch.mean.tolist(), strict=True), strict=True))


def _loops(count: int, every: int = 2) -> list[Row]:
    return [loop("d", k * every * SECOND, 40 + k % 7) for k in range(count)]


def _closed(made: ZoneEngine, rows: Sequence[Row]) -> list[StepResult]:
    out = [made.step([row], row.received_at, True) for row in rows]
    return [*out, made.step([], START + 10_000 * SECOND, True), made.step([], START + 20_000 * SECOND, True)]


_OTHERS: dict[str, dict[str, Any]] = {
    "range": {"fields": {**LOOP_PROFILE["fields"], "speed": {"path": "speed", "unit": "km/h", "range": [0, 300]}}},
    "more": {"fields": {**LOOP_PROFILE["fields"], "occupancy": {"path": "occ", "unit": "%", "required": False}}},
    "longer interval": {"interval_secs": 60}, "shorter interval": {"interval_secs": 1},
    "out of order": {"out_of_orderness_secs": 40},
}  # fmt: skip


@pytest.mark.parametrize("other", _OTHERS, ids=str)
@pytest.mark.parametrize("at", [1, 17, 60])
def test_open_windows_go_on_over_a_changed_profile_as_if_nothing_had_been(other: str, at: int) -> None:
    rows = _loops(120)
    changed = {**LOOP_PROFILE, **_OTHERS[other]}
    row = config_row(content([changed]), rows[at].received_at - 1)
    through = _closed(_begun(content()), rows)
    made = _begun(content())
    reloaded = _closed(made, [*rows[:at], row, *rows[at:]])
    # a series keeps the windows that it was met with
    assert _aggregates(reloaded) == _aggregates(through)
    assert made.pane_of(0) == 10


def test_a_device_met_after_the_change_is_as_in_an_engine_that_never_knew_another() -> None:
    changed = {**LOOP_PROFILE, "interval_secs": 60}
    rows = [loop("new", k * 20 * SECOND, 50 + k) for k in range(30)]
    fresh = _begun(content([changed]))
    reloaded = _begun(content())
    reloaded.step([config_row(content([changed]), START - 1)], START - 1, live=False)
    assert [encode(r) for r in _closed(reloaded, rows)] == [encode(r) for r in _closed(fresh, rows)]
    assert reloaded.pane_of(0) == 60


def test_duplicates_are_known_over_a_reload() -> None:
    made = _begun(content())
    made.step([loop("d", 0, 50)], START, False)
    row = config_row(content([{**LOOP_PROFILE, **_OTHERS["range"]}]), START + 1)
    again = made.step([row, loop("d", 0, 50, received_at=2)], START + 2, False)
    assert len(again.readings) == 0
    assert sum(amount for key, amount in again.counts.items() if key.term == "duplicate") == 1


def test_cut_anywhere_the_rows_around_a_reload_give_the_same_readings_and_windows() -> None:
    rows = _loops(60)
    changed = config_row(content([{**LOOP_PROFILE, **_OTHERS["more"]}]), rows[30].received_at - 1)
    every = [*rows[:30], changed, *rows[30:]]

    def cut(size: int) -> tuple[Any, ...]:
        made = _begun(content())
        edges = [*range(0, len(every), size), len(every)]
        results = [made.step(every[a:b], every[b - 1].received_at, False) for a, b in pairwise(edges)]
        results.append(made.step([], START + 10_000 * SECOND, True))
        results.append(made.step([], START + 20_000 * SECOND, True))
        readings = [(r.readings.series.tolist(), r.readings.ts.tolist(), r.readings.value.tolist()) for r in results]
        flat = [[value for part in column for value in part] for column in zip(*readings, strict=True)]
        return flat, _aggregates(results)

    assert cut(1) == cut(7) == cut(len(every))


def test_what_the_old_configuration_was_compiled_to_is_released() -> None:
    made = _begun(content())
    made.step([loop("d", 0, 50)], START, False)
    compiled: list[object] = [made._messages, *made._profiles.values()]
    old = [weakref.ref(each) for each in compiled]
    del compiled
    changed = content([{**LOOP_PROFILE, **_OTHERS["range"]}])
    made.step([config_row(changed, START + 1), loop("d", SECOND, 51)], START + SECOND, False)
    gc.collect()
    assert [reference() for reference in old] == [None] * len(old)


@pytest.mark.parametrize(("policy", "taken"), [("closed", 0), ("open", 1)])
def test_a_device_that_is_no_longer_listed_is_a_stranger_to_a_closed_profile_also_after_a_restart(
    policy: str, taken: int
) -> None:
    closed = {**LOOP_PROFILE, "provisioning": {"policy": policy, "zone": "a"}}
    listed = content([closed], devices=[device("d", "loop"), device("e", "loop")])
    made = _begun(listed)
    assert len(made.step([loop("d", 0, 50), loop("e", 0, 50)], START, False).readings) == 2
    made.step([config_row(content([closed], devices=[device("e", "loop")]), START + 1)], START + 1, False)
    made = ZoneEngine.restore(pickle.loads(pickle.dumps(made.snapshot())))
    after = made.step([loop("d", SECOND, 51), loop("e", SECOND, 51)], START + SECOND, False)
    assert len(after.readings) == 1 + taken
    assert [reject.reason for reject in after.rejects] == ["device_unknown"] * (1 - taken)
    made.step([config_row(listed, START + 2 * SECOND)], START + 2 * SECOND, False)
    assert len(made.step([loop("d", 3 * SECOND, 52)], START + 3 * SECOND, False).readings) == 1
