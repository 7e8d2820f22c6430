"""The InfluxDB store on a real server: layout, buckets, refusals, the line's flag, the journal's mark."""

import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from gateway.errors import Halt, Retry
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influxdb import InfluxStore
from processors.flags import Why
from tests.support.blocks import T0, Journal, aggregates, figure, readings, rewrites
from tests.support.influxd import Influxd

GOOD, UNKNOWN, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9
NAN = float("nan")
DAY = 86_400_000_000_000
ALL = (-(2**62), 2**62)


@pytest.fixture
def config(influxd: Influxd) -> InfluxConfig:
    return influxd.config()


@pytest_asyncio.fixture
async def store(config: InfluxConfig) -> AsyncIterator[InfluxStore]:
    made = InfluxStore(config)
    await made.open()
    yield made
    await made.close()


def points(influxd: Influxd, bucket: str, what: str = '*::field, "device"') -> list[dict[str, object]]:
    """All points of a bucket but the mark, as a stranger sees them: only the fields that are there."""
    where = f"/query?db={bucket}&epoch=ns&q=SELECT+{urllib.parse.quote(what)}+FROM+/.*/"
    found = influxd.call("GET", where)["results"][0].get("series", [])
    return [
        {"_": series["name"]}
        | {name: value for name, value in zip(series["columns"], row, strict=True) if value is not None}
        for series in found
        if series["name"] != "cityloom_journal"
        for row in series["values"]
    ]


def write_as_a_stranger(influxd: Influxd, bucket: str, lines: str) -> None:
    influxd.call("POST", f"/api/v2/write?org={influxd.org}&bucket={bucket}&precision=ns", lines)


async def test_a_line_is_a_device_and_a_time_and_short_where_all_is_good(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    block = readings(
        (speed, T0, 42.5, GOOD, 0), (flow, T0, 600.0, GOOD, 0), (speed, T0 + 1, 190.0, FAIL, 1),
        (flow, T0 + 1, NAN, MISSING, 2), (speed, T0 + 2, 50.0, GOOD, 8),
    )  # fmt: skip
    await journal.write(store, block)
    name = {"_": "loop_detector", "device": "D1"}
    assert points(influxd, config.raw.name) == [
        name | {"time": T0, "speed": 42.5, "flow": 600, "flag": GOOD},
        name
        | {"time": T0 + 1, "speed": 190, "speed_flag": 4, "speed_why": 1, "flow_flag": 9, "flow_why": 2, "flag": FAIL},
        name | {"time": T0 + 2, "speed": 50, "speed_flag": 1, "speed_why": 8, "flag": GOOD},
    ]
    keys = influxd.call("GET", f"/query?db={config.raw.name}&q=SHOW+TAG+KEYS")["results"][0]["series"]
    assert keys == [{"name": "loop_detector", "columns": ["tagKey"], "values": [["device"]]}]


async def test_quantities_of_an_aggregate_share_a_line_with_a_revision_each(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    await journal.write(store, windows=aggregates((speed, 60, T0, 0, 5, 1.0), (flow, 60, T0, 0, 6, 2.0)))
    await journal.write(store, windows=aggregates((speed, 60, T0, 1, 7, 3.0), (flow, 900, T0, 0, 8, 4.0)))
    what = '"speed_count", "speed_revision", "flow_count", "flow_revision", "device"'
    assert points(influxd, config.aggregates[60].name, what) == [
        {
            "_": "loop_detector_1m",
            "time": T0,
            "device": "D1",
            "speed_count": 7,
            "speed_revision": 1,
            "flow_count": 6,
            "flow_revision": 0,
        }
    ]
    assert points(influxd, config.aggregates[900].name, what) == [
        {"_": "loop_detector_15m", "time": T0, "device": "D1", "flow_count": 8, "flow_revision": 0}
    ]


async def test_figures_are_points_of_their_condition_under_the_asset_alone(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    told = [figure("road 1", "tpi", T0, 3.0), figure("road 1", "delay", T0, 0.41), figure("road 1", "tpi", T0, 3.25)]
    assert await store.write(journal.block(store, figures=told)) == []
    coarse = config.aggregates[900].name
    assert points(influxd, coarse, '"tpi", "delay", "asset"') == [
        {"_": "traffic.congestion", "time": T0, "asset": "road 1", "tpi": 3.25, "delay": 0.41}
    ]
    keys = influxd.call("GET", f"/query?db={coarse}&q=SHOW+TAG+KEYS")["results"][0]["series"]
    assert {"name": "traffic.congestion", "columns": ["tagKey"], "values": [["asset"]]} in keys
    assert points(influxd, config.raw.name) == []


@pytest.mark.parametrize(
    ("flags", "worst"),
    [
        ((GOOD, GOOD), GOOD), ((GOOD, UNKNOWN), GOOD), ((UNKNOWN, MISSING), UNKNOWN), ((MISSING, GOOD), GOOD),
        ((SUSPECT, GOOD), SUSPECT), ((SUSPECT, FAIL), FAIL), ((FAIL, MISSING), FAIL), ((MISSING, MISSING), MISSING),
    ],
)  # fmt: skip
async def test_the_flag_of_a_line_is_its_worst(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig, flags: tuple[int, int], worst: int
) -> None:
    journal = Journal()
    rows = [
        (journal.series("D1", name), T0, NAN if flag == MISSING else 1.0, flag, 0 if flag == GOOD else 1)
        for name, flag in zip(("a", "b"), flags, strict=True)
    ]
    await journal.write(store, readings(*rows))
    assert [point["flag"] for point in points(influxd, config.raw.name)] == [worst]


async def test_a_rewrite_moves_the_flag_of_a_line_that_came_before(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    await journal.write(store, readings((speed, T0, 1.0, GOOD, 0), (flow, T0, 2.0, SUSPECT, 1)))
    await journal.write(store, None, rewrites((speed, T0, FAIL, 64)))
    assert points(influxd, config.raw.name)[0]["flag"] == FAIL
    await journal.write(store, None, rewrites((speed, T0, GOOD, 0)))
    assert points(influxd, config.raw.name)[0]["flag"] == SUSPECT
    await journal.write(store, None, rewrites((flow, T0, GOOD, 0)))
    assert points(influxd, config.raw.name)[0]["flag"] == GOOD


async def test_a_line_that_comes_in_parts_has_the_flag_of_its_worst_part(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    speed, flow = journal.series("D1", "speed"), journal.series("D1", "flow")
    await journal.write(store, readings((speed, T0, 190.0, FAIL, 1)))
    await journal.write(store, readings((flow, T0, 2.0, GOOD, 0)))
    assert points(influxd, config.raw.name)[0]["flag"] == FAIL
    await store.close()
    again = InfluxStore(config)
    await again.open()
    await journal.write(again, readings((flow, T0, 3.0, GOOD, int(Why.LATE)), (flow, T0 + 1, 4.0, GOOD, 0)))
    assert [point["flag"] for point in points(influxd, config.raw.name)] == [FAIL, GOOD]
    await journal.write(again, readings((speed, T0 + 1, 5.0, SUSPECT, 1)))
    await journal.write(again, readings((flow, T0 + 1, 6.0, GOOD, int(Why.LATE))))
    assert [point["flag"] for point in points(influxd, config.raw.name)] == [FAIL, SUSPECT]
    await again.close()


async def test_whole_lines_in_time_are_never_looked_up(store: InfluxStore, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal()
    pair = journal.series("D1", "a"), journal.series("D1", "b")
    asked: list[list[str]] = []
    monkeypatch.setattr(store._connection, "query", lambda bucket, statements: asked.append(statements))
    for late in (0, 5, 3):
        await journal.write(store, readings(*((one, T0 + late, 1.0, GOOD, 0) for one in pair)))
    assert asked == []


async def test_a_stranger_s_integer_field_costs_its_lines_only(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    write_as_a_stranger(influxd, config.raw.name, f"loop_detector,device=X speed=1i {T0}\n")
    journal = Journal()
    speed, flow = journal.series("D1", "speed"), journal.series("D2", "flow")
    other = journal.series("D3", "speed", "floating_car")
    week = 40 * DAY
    rows = [
        (speed, T0, 1.0, GOOD, 0),
        (flow, T0, 2.0, GOOD, 0),
        (other, T0, 3.0, GOOD, 0),
        (speed, T0 + week, 4.0, GOOD, 0),
    ]
    [refused] = await journal.write(store, readings(*rows))
    assert refused[:4] == ("reading", "D1", T0, "refused")
    assert refused.readings == 1
    assert "field type conflict" in refused.detail
    found = await store.read_readings(journal.ids()[:1], T0 + 1, 2**62)
    assert found.batch.value.tolist() == [4.0]
    found = await store.read_readings(journal.ids()[1:], *ALL)
    assert found.batch.value.tolist() == [2.0, 3.0]


async def test_what_is_older_than_the_retention_is_refused_for_that(influxd: Influxd) -> None:
    raw = Bucket("short-lived", 3 * 86_400)
    store, journal = InfluxStore(influxd.config(raw=raw)), Journal()
    await store.open()
    now = time.time_ns()
    series = [journal.series(f"D{k}") for k in range(30)]
    rows = [(one, now - k * 10**9 - (10 * DAY if k % 3 == 0 else 0), float(k), GOOD, 0) for k, one in enumerate(series)]
    refused = await journal.write(store, readings(*rows))
    assert {point.device for point in refused} == {f"D{k}" for k in range(0, 30, 3)}
    assert {point.reason for point in refused} == {"retention"}
    assert sum(point.readings for point in refused) == 10
    assert await store.distinct_readings() == 20
    await store.close()


async def test_a_conflict_does_not_hide_what_is_older_than_the_retention(influxd: Influxd) -> None:
    raw = Bucket("short-and-taken", 3 * 86_400)
    store, journal = InfluxStore(influxd.config(raw=raw)), Journal()
    await store.open()
    now = time.time_ns()
    write_as_a_stranger(influxd, raw.name, f"loop_detector,device=X speed=1i {now}\n")
    speed, flow, old = journal.series("D1", "speed"), journal.series("D2", "flow"), journal.series("D3", "flow")
    rows = [(speed, now, 1.0, GOOD, 0), (flow, now, 2.0, GOOD, 0), (old, now - 10 * DAY, 3.0, GOOD, 0)]
    refused = await journal.write(store, readings(*rows))
    assert {(point.device, point.reason) for point in refused} == {("D1", "refused"), ("D3", "retention")}
    assert (await store.read_readings(journal.ids(), *ALL)).batch.value.tolist() == [2.0]
    await store.close()


async def test_a_line_longer_than_influxdb_takes_is_refused_alone(store: InfluxStore) -> None:
    journal = Journal()
    rows = [(journal.series("x" * 70_000), T0, 1.0, GOOD, 0)]
    rows += [(journal.series(f"D{k}"), T0, float(k), GOOD, 0) for k in range(20)]
    [refused] = await journal.write(store, readings(*rows))
    assert refused.device == "x" * 70_000
    assert await store.distinct_readings() == 20


async def test_buckets_are_made_with_their_retention(influxd: Influxd) -> None:
    raw, long = Bucket("made-short", 7 * 86_400), Bucket("made-long", 0)
    config = influxd.config(raw=raw, aggregates={60: long, 3600: long})
    for _ in range(2):
        store = InfluxStore(config)
        assert await store.open() is None
        await store.close()
    for bucket in (raw, long):
        [found] = influxd.call("GET", f"/api/v2/buckets?name={bucket.name}")["buckets"]
        assert sum(rule["everySeconds"] for rule in found["retentionRules"]) == bucket.retention_secs


async def test_a_bucket_that_forgets_sooner_than_configured_stops_the_store(influxd: Influxd) -> None:
    config = influxd.config(raw=Bucket("forgetful", 3 * 86_400))
    store = InfluxStore(config)
    await store.open()
    await store.close()
    for retention in (0, 4 * 86_400):
        store = InfluxStore(influxd.config(raw=Bucket("forgetful", retention)))
        with pytest.raises(Halt, match="'forgetful' keeps its points for 259200 s"):
            await store.open()
        await store.close()


@pytest.fixture
def tokens(influxd: Influxd, config: InfluxConfig) -> Iterator[dict[str, str]]:
    """A token that may read and write one bucket, and one that may only read it."""
    org = influxd.call("GET", "/api/v2/orgs")["orgs"][0]["id"]
    bucket = influxd.call("POST", "/api/v2/buckets", {"orgID": org, "name": config.raw.name, "retentionRules": []})[
        "id"
    ]
    made, ids = {}, []
    for name, acts in {"both": ("read", "write"), "read": ("read",)}.items():
        rights = [{"action": act, "resource": {"type": "buckets", "id": bucket, "orgID": org}} for act in acts]
        answer = influxd.call("POST", "/api/v2/authorizations", {"orgID": org, "permissions": rights})
        made[name] = answer["token"]
        ids.append(answer["id"])
    yield made
    for one in ids:
        influxd.call("DELETE", f"/api/v2/authorizations/{one}")


async def test_a_token_that_may_not_make_buckets_says_which_to_make(
    influxd: Influxd, config: InfluxConfig, tokens: dict[str, str]
) -> None:
    store = InfluxStore(influxd.config(raw=config.raw, aggregates=config.aggregates, token=tokens["both"]))
    with pytest.raises(Halt) as caught:
        await store.open()
    assert config.aggregates[60].name in caught.value.problem
    assert f"influx bucket create --name {config.aggregates[60].name} --org city" in caught.value.remedy
    assert tokens["both"] not in str(caught.value)
    await store.close()


async def test_a_token_without_other_rights_is_enough_where_the_buckets_are_there(
    influxd: Influxd, config: InfluxConfig, tokens: dict[str, str]
) -> None:
    store = InfluxStore(influxd.config(raw=config.raw, aggregates={60: config.raw}, token=tokens["both"]))
    journal = Journal()
    await store.open()
    assert await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0))) == []
    assert await store.distinct_readings() == 1
    await store.close()


async def test_a_token_that_may_only_read_stops_the_store_at_the_first_block(
    influxd: Influxd, config: InfluxConfig, tokens: dict[str, str]
) -> None:
    store = InfluxStore(influxd.config(raw=config.raw, aggregates={60: config.raw}, token=tokens["read"]))
    journal = Journal()
    await store.open()
    with pytest.raises(Halt, match=r"403|401") as caught:
        await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    assert caught.value.remedy
    await store.close()


async def test_a_wrong_token_or_organisation_stops_the_store(influxd: Influxd) -> None:
    for changes in ({"token": "wrong"}, {"org": "nowhere"}):
        store = InfluxStore(influxd.config(**changes))
        with pytest.raises(Halt):
            await store.open()
        await store.close()


def drop_bucket(influxd: Influxd, name: str) -> None:
    [bucket] = influxd.call("GET", f"/api/v2/buckets?name={name}")["buckets"]
    influxd.call("DELETE", f"/api/v2/buckets/{bucket['id']}")


async def test_a_raw_bucket_that_was_deleted_is_noticed(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    drop_bucket(influxd, config.raw.name)
    with pytest.raises(Halt, match=f"'{config.raw.name}'"):
        await journal.write(store, readings((0, T0 + 1, 1.0, GOOD, 0)))
    again = InfluxStore(config)
    with pytest.raises(Halt, match=f"'{config.raw.name}' is gone"):
        await again.open()
    await again.close()


async def test_without_the_mark_the_store_says_that_it_was_never_written(
    influxd: Influxd, store: InfluxStore, config: InfluxConfig
) -> None:
    journal = Journal()
    await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    drop_bucket(influxd, config.lasting.name)
    again = InfluxStore(config)
    assert await again.open() is None
    await again.close()


async def test_the_mark_never_passes_what_the_outbox_has_noted(influxd: Influxd) -> None:
    config = influxd.config(mark_secs=0.0)
    store, journal = InfluxStore(config), Journal('jour"nal\\')
    await store.open()
    seen = []
    for number in range(3):
        block = journal.block(store, readings((journal.series(f"D{number}"), T0, 1.0, GOOD, 0)))
        for _ in range(2):  # as after a crash between the store's answer and the outbox's note of it
            await store.write(block)
            other = InfluxStore(config)
            cursor = await other.open()
            await other.close()
            assert cursor is not None
            assert cursor.journal_id == journal.journal_id
            seen.append(cursor.position)
    assert seen == [0, 0, 1, 1, 2, 2]
    await store.close()


async def test_two_stores_in_the_same_buckets_have_a_mark_each(config: InfluxConfig, store: InfluxStore) -> None:
    journal = Journal()
    await journal.write(store, readings((journal.series("D1"), T0, 1.0, GOOD, 0)))
    other = InfluxStore(config, "influx two, \\")
    assert await other.open() is None
    stranger = Journal("journal-2")
    await stranger.write(other, readings((stranger.series("E1"), T0, 1.0, GOOD, 0)))
    cursors = [await one.open() for one in (store, other)]
    assert [cursor and cursor.journal_id for cursor in cursors] == ["journal-1", "journal-2"]
    await other.close()


async def test_a_server_that_goes_and_comes_back_has_everything(
    influxd: Influxd, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = Influxd(tmp_path_factory.mktemp("own"))
    server.start()
    store, journal = InfluxStore(server.config()), Journal()
    try:
        await store.open()
        series = journal.series("D1")
        await journal.write(store, readings((series, T0, 1.0, GOOD, 0)))
        server.stop()
        block = journal.block(store, readings((series, T0 + 1, 2.0, GOOD, 0)))
        with pytest.raises(Retry):
            await store.write(block)
        with pytest.raises(Retry):
            await store.read_readings(journal.ids(), *ALL)
        server.start()
        assert await store.write(block) == []
        assert (await store.read_readings(journal.ids(), *ALL)).batch.value.tolist() == [1.0, 2.0]
    finally:
        await store.close()
        server.stop()


async def test_a_step_without_a_bucket_stops_the_store(store: InfluxStore) -> None:
    journal = Journal()
    with pytest.raises(Halt, match="7 s"):
        await journal.write(store, windows=aggregates((journal.series("D1"), 7, T0, 0, 1, 1.0)))
