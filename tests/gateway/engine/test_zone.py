"""The zone's engine: what it gives depends on the rows, not on how they were cut, nearly ordered or interrupted."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.content import Device
from gateway.engine.results import StepResult
from gateway.engine.zone import ZoneEngine
from gateway.journal.blocks import encode
from gateway.rows import RETAIN, Row
from tests.support.engine import LOOP_PROFILE, SECOND, START, config_row, content, engine, loop, message

END = START + 1000 * SECOND


def run(rows: Iterable[Sequence[Row]], made: ZoneEngine | None = None, *, finish: bool = True) -> list[StepResult]:
    """Feed batches, then tick until every window of the first minutes has closed."""
    made = made or engine()
    out = [made.step(batch, batch[-1].received_at if batch else made.now, False) for batch in rows]
    if finish:
        out.append(made.step([], END, True))
        out.append(made.step([], END + 1000 * SECOND, True))
    return out


def readings(results: Iterable[StepResult], names: list[str]) -> dict[tuple[str, int], tuple[float, int]]:
    """(series name, ts) -> (value, flag), last write wins."""
    out = {}
    for result in results:
        names.extend(f"{name.device}.{name.quantity}" for name in result.series)
        batch = result.readings
        for s, ts, value, flag in zip(batch.series, batch.ts, batch.value, batch.flag, strict=True):
            out[names[s], int(ts)] = (float(value), int(flag))
    return out


def windows(results: Iterable[StepResult], names: list[str]) -> dict[tuple[str, int, int], bytes]:
    out = {}
    for result in results:
        batch = result.aggregates
        for k in range(len(batch)):
            key = names[batch.series[k]], int(batch.step[k]), int(batch.start[k])
            assert key not in out, f"{key} was emitted twice"
            out[key] = b"".join(
                column[k : k + 1].tobytes() for name, column in batch.arrays().items() if name != "series"
            )
    return out


def total(results: Iterable[StepResult], term: str, book: str = "reading") -> int:
    return sum(n for r in results for key, n in r.counts.items() if key.term == term and key.book == book)


def figures(results: list[StepResult]) -> tuple[object, ...]:
    names: list[str] = []
    stored = readings(results, names)
    seen = sum(total(results, term) for term in ("accepted", "duplicate", "conflict"))
    return stored, windows(results, names), seen, total(results, "decoded")


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Row], list[int]]:
    """Rows of three devices in two zones, up to 4 s out of order, some twice, and where to cut them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(1, 120))
    at = np.sort(rng.integers(0, 90 * SECOND, count))
    at -= at % 1_000_000
    order = np.argsort(at + rng.integers(0, 4 * SECOND, count), kind="stable")
    rows = []
    for k in order.tolist():
        device = int(rng.integers(0, 3))
        row = loop(
            f"d{device}", int(at[k]), float(at[k] % 97), zone="ab"[device % 2], received_at=int(at[k]) + 5 * SECOND
        )
        rows.extend([row] * (2 if rng.random() < 0.2 else 1))
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=5)))
    return rows, cuts


def cut(rows: list[Row], cuts: list[int]) -> list[list[Row]]:
    edges = [0, *cuts, len(rows)]
    return [rows[a:b] for a, b in pairwise(edges) if b > a]


@settings(max_examples=60, deadline=None)
@given(streams())
def test_any_cut_any_small_disorder_and_any_restart_give_the_same(drawn: tuple[list[Row], list[int]]) -> None:
    rows, cuts = drawn
    whole = figures(run([rows]))

    assert figures(run(cut(rows, cuts))) == whole
    in_order = sorted(rows, key=lambda row: json.loads(row.payload)["ts"])
    assert figures(run([in_order])) == whole
    made, parts = engine(), []
    for batch in cut(rows, cuts):
        parts += run([batch], made, finish=False)
        made = ZoneEngine.restore(made.snapshot())
    assert figures(parts + run([], made)) == whole


@settings(max_examples=40, deadline=None)
@given(streams())
def test_the_same_calls_give_the_same_bytes_after_a_restart(drawn: tuple[list[Row], list[int]]) -> None:
    rows, cuts = drawn
    straight, broken = engine(), engine()
    for batch in cut(rows, cuts):
        expected = straight.step(batch, batch[-1].received_at, False)
        broken = ZoneEngine.restore(broken.snapshot())
        assert encode(broken.step(batch, batch[-1].received_at, False)) == encode(expected)


@settings(max_examples=40, deadline=None)
@given(streams())
def test_a_zone_is_judged_the_same_whoever_else_is_hosted(drawn: tuple[list[Row], list[int]]) -> None:
    rows, cuts = drawn
    together = figures(run(cut(rows, cuts)))
    apart: list[tuple[object, ...]] = []
    for zone in "ab":
        mine = [row for row in rows if row.topic.startswith(f"city/{zone}/")]
        apart.append(figures(run(cut(mine, [c for c in cuts if c < len(mine)]))))

    assert together[0] == apart[0][0] | apart[1][0]  # type: ignore[operator]
    assert together[1] == apart[0][1] | apart[1][1]  # type: ignore[operator]
    assert together[2:] == tuple(a + b for a, b in zip(apart[0][2:], apart[1][2:], strict=True))  # type: ignore[operator]


def test_a_late_reading_is_stored_and_marks_its_pane_and_what_stands_open_above() -> None:
    made = engine()
    run([[loop("d", k * SECOND, 50) for k in range(40)]], made, finish=False)

    result = made.step([loop("d", 3 * SECOND + 1_000_000, 80, received_at=41 * SECOND)], START + 41 * SECOND, False)

    assert result.readings.value.tolist() == [80]
    assert [key.term for key in result.counts if key.book == "beside"] == ["late"]
    assert (result.dirty.step.tolist(), (result.dirty.start - START).tolist()) == ([10], [0])
    after = run([[loop("d", k * SECOND, 50) for k in range(41, 80)]], made, finish=False)[0]
    assert 60 in after.dirty.step.tolist()


def test_a_device_years_ahead_is_quarantined_and_changes_nobody() -> None:
    rows = [loop("d", k * SECOND, 50) for k in range(30)]
    wrong = [loop("x", 3 * 365 * 86400 * SECOND, 50, received_at=k * SECOND) for k in range(30)]
    mixed = [row for pair in zip(rows, wrong, strict=True) for row in pair]
    plain, disturbed = run([rows]), run([[row] for row in mixed])

    assert figures(plain)[:2] == figures(disturbed)[:2]
    assert total(disturbed, "quarantined") == 30
    assert {reject.reason for result in disturbed for reject in result.rejects} == {"quarantined"}


def test_two_values_at_one_time_keep_the_first_and_a_dead_letter() -> None:
    result = run([[loop("d", SECOND, 50), loop("d", SECOND, 51)], [loop("d", SECOND, 50)]], finish=False)

    assert [result[0].readings.value.tolist(), result[1].readings.value.tolist()] == [[50], []]
    assert (total(result, "conflict"), total(result, "duplicate")) == (1, 1)
    assert [(reject.offset, reject.reason) for reject in result[0].rejects] == [(2, "conflict")]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{not json", "unreadable"),
        ({"speed": 3}, "time_missing"),
        ({"ts": "soon", "speed": 3}, "time_invalid"),
    ],
)
def test_an_unusable_message_is_one_dead_letter_and_harms_no_other(payload: object, reason: str) -> None:
    rows = [loop("d", 0, 1), message("city/a/loop/d", payload, START + SECOND), loop("d", 2 * SECOND, 2)]
    result = run([rows], finish=False)[0]

    assert result.readings.value.tolist() == [1, 2]
    assert [(reject.offset, reject.reason) for reject in result.rejects] == [(2, reason)]
    assert total([result], "rejected", "message") == 1


def test_one_bad_field_is_invalid_and_its_neighbours_are_kept() -> None:
    result = run([[loop("d", 0, "fast", flow=10)]], finish=False)[0]

    assert result.readings.value.tolist() == [10]
    assert (total([result], "decoded"), total([result], "accepted"), total([result], "invalid")) == (2, 1, 1)
    assert result.rejects[0].reason == "wrong_type"


def test_null_is_missing_zero_is_zero_and_absent_is_nothing() -> None:
    result = run([[loop("d", 0, None, flow=0), loop("d", SECOND, 0)]], finish=False)[0]
    flags = sorted(zip(result.readings.ts.tolist(), result.readings.flag.tolist(), strict=True))

    assert [flag for _, flag in flags] == [2, 9, 1]  # flow has no range: not evaluated
    assert np.isnan(result.readings.value).tolist() == (result.readings.flag == 9).tolist()


def test_out_of_range_fails_but_is_stored() -> None:
    result = run([[loop("d", 0, 999)]], finish=False)[0]

    assert (result.readings.flag.tolist(), result.readings.value.tolist()) == ([4], [999])


def test_a_retained_message_counts_only_with_a_time_of_its_own() -> None:
    timeless = {**LOOP_PROFILE, "name": "bare", "topic": "bare/{device}", "time": {"format": "receipt"},
                "provisioning": {"policy": "open", "zone": "a"}}  # fmt: skip
    made = engine(content([LOOP_PROFILE, timeless]))
    rows = [
        message("bare/x", {"speed": 1}, START, RETAIN),
        message("bare/x", {"speed": 2}, START + 1),
        Row(START + 2, 0, 0, RETAIN, "city/a/loop/d", loop("d", 0, 3).payload),
    ]
    result = made.step(rows, START + 3, False)

    assert sorted(result.readings.value.tolist()) == [2, 3]
    assert total([result], "ignored", "message") == 1


def test_unknown_devices_are_met_once_in_a_burst_or_refused_by_policy() -> None:
    closed, pending = (
        {**LOOP_PROFILE, "name": policy, "topic": f"{policy}/{{device}}", "provisioning": {"policy": policy}}
        for policy in ("closed", "pending")
    )
    known = Device("k", "closed", ("k",), "a", None, None, "", "", "")
    made = engine(content([LOOP_PROFILE, closed, pending], [known]))
    body = {"ts": START // 1_000_000, "speed": 1}
    rows = [message(topic, {**body, "ts": body["ts"] + k}, START + k) for k, topic in enumerate(
        ["city/a/loop/n", "city/a/loop/n", "closed/k", "closed/stranger", "pending/p", "pending/p"])]  # fmt: skip
    result = made.step(rows, START + 10, False)

    assert [(device.id, device.state) for device in result.devices] == [("n", "provisioned"), ("p", "pending")] or [
        (device.id, device.state) for device in result.devices
    ] == [("p", "pending"), ("n", "provisioned")]
    assert {reject.reason for reject in result.rejects} == {"device_unknown", "device_pending"}
    assert total([result], "rejected", "message") == 3
    assert len(result.readings) == 3


def test_noise_on_a_matching_topic_provisions_nobody() -> None:
    result = run([[message("city/a/loop/ghost", b"garbage", START)]], finish=False)[0]

    assert result.devices == []


def test_days_are_the_citys() -> None:
    """Shanghai's 2 March begins at 16:00 UTC on the 1st."""
    made = engine()
    rows = [loop("d", hour * 3600 * SECOND, hour) for hour in range(30)]
    results = [made.step([row], row.received_at, False) for row in rows]
    days = [(int(s), int(c)) for r in results for s, c, p in
            zip(r.aggregates.start, r.aggregates.count, r.aggregates.step, strict=True) if p == 86400]  # fmt: skip

    assert days == [(START - 20 * 3600 * SECOND, 4), (START + 4 * 3600 * SECOND, 24)]


def test_idle_lanes_close_only_while_live() -> None:
    made = engine()
    made.step([loop("d", SECOND, 50)], START + SECOND, True)
    asleep = made.step([], START + 600 * SECOND, False)
    woken = made.step([], START + 601 * SECOND, True)
    live = made.step([], START + 640 * SECOND, True)

    assert [len(result.aggregates) for result in (asleep, woken)] == [0, 0]
    assert set(live.aggregates.step.tolist()) == {10, 60}


def test_a_changed_configuration_comes_as_a_row_and_keeps_the_series() -> None:
    made = engine()
    before = made.step([loop("d", 0, 50)], START, False)
    wider = {
        **LOOP_PROFILE,
        "fields": {**LOOP_PROFILE["fields"], "occupancy": {"path": "occ", "unit": "%", "required": False}},
    }
    after = made.step([config_row(content([wider]), START + 1), loop("d", SECOND, 51, occ=12)], START + SECOND, False)

    assert [name.quantity for name in before.series] == ["speed"]
    assert [(name.quantity, name.index) for name in after.series] == [("occupancy", 1)]
    assert dict(zip(after.readings.series.tolist(), after.readings.value.tolist(), strict=True)) == {0: 51.0, 1: 0.12}
