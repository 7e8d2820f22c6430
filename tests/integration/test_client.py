"""The client against a real gateway's API: arrays, tables, lists, acts, live events, and what goes wrong."""

import asyncio
import csv
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.client import Alarm, AsyncClient, Client, LiveEvent, NoAccess, NotThere, Unreachable, WrongQuestion
from gateway.runtime.ports import free_ports
from tests.support.city_api import EVERY_SECS, LOOPS, MESSAGES, CityApi, city_api, speed
from tests.support.command import eventually

pytestmark = [pytest.mark.xdist_group("client")]
README = Path(__file__).resolve().parents[2] / "gateway" / "client" / "README.md"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityApi]:
    with city_api(tmp_path_factory.mktemp("c")) as made:
        yield made


@pytest.fixture
def city(api: CityApi) -> Iterator[Client]:
    with Client(api.url, api.token) as client:
        yield client


def test_readings_are_arrays(api: CityApi, city: Client) -> None:
    start = np.datetime64(api.start, "s")
    found = city.readings(series=["loop-0001:speed", ("loop-0003", "speed")], start=start)

    assert [tuple(name) for name in found.names] == [("loop-0001", "speed", "km/h"), ("loop-0003", "speed", "km/h")]
    assert len(found) == 2 * MESSAGES
    one = found.of("loop-0003")
    expected = start + np.arange(MESSAGES) * np.timedelta64(EVERY_SECS, "s")
    np.testing.assert_array_equal(one.time, expected.astype("datetime64[ns]"))
    np.testing.assert_array_equal(one.value, [speed(2, place) for place in range(MESSAGES)])
    assert {each.dtype.name for each in (one.value, one.flag, one.why, one.series)} == {
        "float64", "uint8", "uint32", "int32",
    }  # fmt: skip
    assert one.good.all()
    assert len(found.of("loop-0002")) == 0


def test_tables_exports_and_arrays_have_the_same_rows(api: CityApi, city: Client, tmp_path: Path) -> None:
    start, end = datetime.fromtimestamp(api.start, UTC), datetime.fromtimestamp(api.start + 600, UTC)
    which = {"device": ["loop-0001", "loop-0002"]}
    table = city.readings_table(**which, start=start, end=end)  # type: ignore[arg-type]
    assert isinstance(table, pa.Table)
    assert table.schema.names == ["device", "quantity", "unit", "time", "value", "flag", "why"]
    found = city.readings(**which, start=start, end=end)  # type: ignore[arg-type]
    assert len(found) == table.num_rows == 2 * 60 * 3
    assert [found.names[k].device for k in found.series] == table["device"].to_pylist()

    for name in ("r.parquet", "r.csv", "r.arrow"):
        size = city.export(tmp_path / name, **which, start=start, end=end)  # type: ignore[arg-type]
        assert size == (tmp_path / name).stat().st_size
    assert pq.read_table(tmp_path / "r.parquet").equals(table)
    assert pa.ipc.open_stream((tmp_path / "r.arrow").read_bytes()).read_all().equals(table)
    with (tmp_path / "r.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == table.num_rows + 1


def test_windows_are_arrays(api: CityApi, city: Client) -> None:
    found = city.aggregates("1m", series=["loop-0001:speed"], start=str(api.start), end=str(api.start + 600))
    one = found.of("loop-0001", "speed")
    assert len(one) == 10
    values = np.array([speed(0, place) for place in range(60)]).reshape(10, 6)
    np.testing.assert_allclose(one.mean, values.mean(axis=1))
    np.testing.assert_array_equal(one.max, values.max(axis=1))
    np.testing.assert_array_equal(one.count, np.full(10, 6))
    assert not one.pending.any()
    assert one.time[1] - one.time[0] == np.timedelta64(60, "s")
    assert set(one.step_secs) == {60}
    assert city.aggregates_table("1m", series=["loop-0001:speed"], start=str(api.start)).num_rows >= 10


def test_thinned_and_latest(api: CityApi, city: Client) -> None:
    thin = city.readings(series=["loop-0001:speed"], start=str(api.start), points=20)
    assert 4 <= len(thin) <= 22
    newest = city.latest(quantity="speed")
    assert {newest.names[k].device for k in newest.series} == {f"loop-{k + 1:04d}" for k in range(LOOPS)}
    assert newest.time.max() == np.datetime64(api.start + (MESSAGES - 1) * EVERY_SECS, "s")


def test_lists_are_iterated_page_by_page(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.client.calls._PAGE", "2")
    quantities = [each.quantity for each in city.series(device=["loop-0001", "loop-0002"])]
    assert quantities == 2 * ["flow", "occupancy", "speed"]
    devices = list(city.devices("loop-000", profile="loop-detector"))
    assert [each.id for each in devices][:3] == ["loop-0001", "loop-0002", "loop-0003"]
    assert devices[0].heard is not None
    assert devices[0].counts["accepted"] == MESSAGES * 3
    one = city.device("loop-0001")
    assert one.zone == "tianhe"
    assert {each["quantity"] for each in one.series} == {"flow", "occupancy", "speed"}


def test_a_city_and_its_books(city: Client) -> None:
    assert city.status()["ledger"]["balanced"]
    assert city.ledger()["balanced"]
    assert "timezone" in city.city()
    assert city.conditions()[0]["name"]
    assert [each for each in city.incidents("all") if not each.incident] == []
    for figure in city.figures():
        values = city.figure_values(figure.condition, asset=[figure.asset], name=figure.name)
        assert len(values.of(figure.asset, figure.name))
    with pytest.raises(NotThere, match="nothing-of-ours"):
        city.figure_values(name="nothing-of-ours")


def test_an_alarm_is_found_acted_on_and_its_history_read(api: CityApi, city: Client) -> None:
    api.gas("gas-0001", 60.0)
    found: list[Alarm] = []

    def raised() -> bool:
        found[:] = [each for each in city.alarms(domain="gas") if each.asset == "gas-0001"]
        return bool(found)

    eventually(raised, "the alarm is raised")
    alarm = found[0]
    assert (alarm.condition, alarm.state, alarm.value) == ("gas.lel", "unacknowledged", 60.0)
    assert city.ack(alarm.alarm, text="on the way")["acts"] == 1
    city.comment(alarm.alarm, text="seen")
    eventually(lambda: len(city.alarm(alarm.alarm).history) == 3, "both are done")
    one = city.alarm(alarm.alarm)
    assert (one.state, [each.change for each in one.history]) == (
        "acknowledged", ["commented", "acknowledged", "raised"],
    )  # fmt: skip
    assert one.history[1].text == "on the way"
    assert isinstance(one.since, np.datetime64)
    city.shelve(alarm.alarm, text="calibration", for_secs=60)
    eventually(lambda: city.alarm(alarm.alarm).until is not None, "it is shelved")
    assert {each.change for each in city.alarm_history(asset="gas-0001")} >= {"shelved", "raised"}


def test_a_report_is_filed_and_brought_on(city: Client) -> None:
    done = city.take_report("gas-smell", "at the corner", zone="tianhe", contact="13800138000", id="mine-1")
    assert (done["report"], done["known"]) == ("mine-1", False)
    eventually(lambda: "mine-1" in {each.report for each in city.reports()}, "it is there")
    city.advance_report("mine-1", "dispatched", "team 4")
    eventually(lambda: city.report("mine-1").state == "dispatched", "it is brought on")
    one = city.report("mine-1")
    assert "13800138000" not in one.contact
    assert len(one.history) == 2


def test_what_goes_wrong_is_named_by_what_to_do(api: CityApi, city: Client) -> None:
    with pytest.raises(NotThere) as absent:
        city.device("loop-9999")
    assert (absent.value.kind, absent.value.status) == ("not-there", 404)
    assert "loop-9999" in absent.value.problem
    assert absent.value.remedy
    with pytest.raises(WrongQuestion, match="no time"):
        city.readings(device=["loop-0001"], start="yesterday")
    with pytest.raises(WrongQuestion) as wrong:
        city.readings(device=["loop-0001"], points=-1)
    assert wrong.value.errors[0]["where"] == "query.points"
    with pytest.raises(ValueError, match="offset"):
        city.readings(device=["loop-0001"], start=datetime(2026, 3, 1))  # noqa: DTZ001
    for token in ("", "cl_wrong"):
        with Client(api.url, token) as stranger, pytest.raises(NoAccess):
            stranger.status()
    with Client(api.url, api.viewer) as viewer, pytest.raises(NoAccess) as refused:
        viewer.ack("abcd")
    assert refused.value.status == 403
    with Client(f"http://127.0.0.1:{free_ports(1)[0]}", "t", retries=0) as nobody, pytest.raises(Unreachable):
        nobody.status()
    assert api.token not in repr(city._core)


def test_live_events_begin_with_how_things_stand(city: Client) -> None:
    seen: list[LiveEvent] = []
    for event in city.live(kind=["latest"], device=["loop-0002"]):
        seen.append(event)
        if event.kind == "ready":
            break
    latest, _ = seen
    assert latest.data["quantities"]["speed"]["value"] == speed(1, MESSAGES - 1)


async def test_the_async_client_does_the_same(api: CityApi, tmp_path: Path) -> None:
    async with AsyncClient(api.url, api.token) as city:
        found = await city.readings(series=["loop-0001:speed"], start=str(api.start))
        assert len(found) == MESSAGES
        assert [each.id async for each in city.devices("loop-0001")] == ["loop-0001"]
        assert (await city.aggregates("1m", device=["loop-0001"], start=str(api.start))).mean.size
        assert await city.export(tmp_path / "x.parquet", device=["loop-0001"], start=str(api.start)) > 0
        with pytest.raises(NotThere):
            await city.device("loop-9999")
        lel, events = 61.0, []

        async def read() -> None:
            async for event in city.live(device=["gas-0002"]):
                events.append(event)
                if event.kind == "ready":
                    await asyncio.to_thread(api.gas, "gas-0002", lel)
                if {each.kind for each in events} >= {"ready", "latest", "alarm"}:
                    return

        await asyncio.wait_for(read(), 30)
        (alarm,) = [event.data for event in events if event.kind == "alarm"][-1:]
        assert alarm["value"] == lel
    async with AsyncClient(api.url, "cl_wrong") as stranger:
        with pytest.raises(NoAccess):
            async for _ in stranger.live():
                pass


def test_the_readmes_examples_run(api: CityApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 6
    speaking = time.monotonic() + 60

    def speak() -> None:
        for k in range(200):
            if time.monotonic() > speaking or done:
                return
            api.gas(f"gas-{k % 3 + 5:04d}", 1.0 + k / 100)

    done: list[bool] = []
    talking = threading.Thread(target=speak)
    talking.start()
    try:
        for block in blocks:
            exec(compile(block, str(README), "exec"), {"URL": api.url, "TOKEN": api.token, "__name__": "example"})
    finally:
        done.append(True)
        talking.join()
    assert (tmp_path / "loops.parquet").stat().st_size > 100
    papers = sorted(path.name.partition("-")[0] for path in tmp_path.glob("*.zh.pdf"))
    assert papers == ["traffic", "water"]


async def test_reports_are_had_without_blocking_too(api: CityApi) -> None:
    async with AsyncClient(api.url, api.viewer) as viewer:
        with pytest.raises(NoAccess):
            await viewer.make_documents("gas")
        assert [each.document async for each in viewer.documents(kind="week")] == []
        with pytest.raises(NotThere):
            await viewer.document("gas-2020-01-01")
