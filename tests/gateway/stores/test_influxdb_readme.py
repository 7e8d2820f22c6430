"""The queries in gateway/stores/README.md run as they stand there and answer what they say."""

import csv
import io
import re
import time
import urllib.parse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest_asyncio

from gateway.stores.influx_config import Bucket
from gateway.stores.influxdb import InfluxStore
from tests.support.blocks import Journal, aggregates, readings
from tests.support.influxd import Influxd

README = Path(__file__).resolve().parents[3] / "gateway" / "stores" / "README.md"
MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LOOPS = ("loop-0001", "loop-0002", "loop-0003", "loop-0004")


def queries(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.DOTALL)


@pytest_asyncio.fixture
async def now(influxd: Influxd) -> int:
    """Fills the default buckets with a week of meters and a day of loops; gives the time that it ends at.

    Loop k drives at k + minute / 100 km/h; every tenth minute is flagged suspect. A meter's flow is its hour of the day
    in UTC, the second one's ten times that.
    """
    raw, fine, coarse = (Bucket(f"cityloom_{name}", 0) for name in ("raw", "fine", "coarse"))
    config = influxd.config(raw=raw, aggregates={10: fine, 60: fine, 900: coarse, 3600: coarse, 86400: coarse})
    end = time.time_ns()
    minute, quarter, hour = end // MINUTE * MINUTE, end // (15 * MINUTE) * 15 * MINUTE, end // HOUR * HOUR
    store, journal = InfluxStore(config, "readme"), Journal()
    await store.open()
    speeds = {name: journal.series(name, "speed", "loop-detector") for name in LOOPS}
    flows = [journal.series(name, "flow", "water-flow") for name in ("meter-1", "meter-2")]
    rows = [
        (series, minute - k * MINUTE, number + k / 100, 3 if k % 10 == 0 else 1, int(k % 10 == 0))
        for number, series in enumerate(speeds.values())
        for k in range(120)
    ]
    windows = [
        (series, 900, quarter - k * 15 * MINUTE, 0, 15, 10.0 * number)
        for number, series in enumerate(speeds.values())
        for k in range(1, 90)
    ]
    for factor, series in zip((1, 10), flows, strict=True):
        hours = range(1, 167)
        rows += [(series, hour - k * HOUR, float((hour // HOUR - k) % 24 * factor), 1, 0) for k in hours]
        windows += [(series, 3600, hour - k * HOUR, 0, 60, float((hour // HOUR - k) % 24 * factor)) for k in hours]
    await journal.write(store, readings(*rows), None, aggregates(*windows))
    await store.close()
    return end


def influxql(influxd: Influxd, text: str) -> Any:
    bucket = re.match(r"-- bucket (\w+)\n", text)
    assert bucket is not None
    answer = influxd.call("GET", f"/query?db={bucket[1]}&epoch=ns&q={urllib.parse.quote(text)}")
    return answer["results"][0]["series"]


def flux(influxd: Influxd, text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(influxd.flux(text).strip().replace("\r\n", "\n"))))


def good_minutes(now: int, span: int) -> list[float]:
    """Loop 1's speeds that are not suspect, oldest first."""
    start = now // MINUTE * MINUTE
    return [k / 100 for k in reversed(range(120)) if k % 10 and start - k * MINUTE > now - span]


def close(found: Sequence[float], expected: Sequence[float]) -> bool:
    """Equal but for readings that left the span while the test ran: those are the oldest."""
    return 0 <= len(expected) - len(found) <= 2 and list(found) == list(expected)[len(expected) - len(found) :]


def test_there_are_three_of_each() -> None:
    assert len(queries("influxql")) == 3
    assert len(queries("flux")) == 3


def test_influxql_gives_a_loop_s_good_speeds_of_the_last_hour(influxd: Influxd, now: int) -> None:
    [series] = influxql(influxd, queries("influxql")[0])
    assert close([row[1] for row in series["values"]], good_minutes(now, HOUR))


def test_influxql_gives_the_mean_speed_of_a_district(influxd: Influxd, now: int) -> None:
    [series] = influxql(influxd, queries("influxql")[1])
    # statistics are base + place, and the mean is the fourth behind count
    assert {row[1] for row in series["values"]} == {10.0 + 3}
    assert len(series["values"]) >= 88


def test_influxql_gives_the_least_hourly_flow_of_each_day(influxd: Influxd, now: int) -> None:
    found = {
        series["tags"]["device"]: [row[1] for row in series["values"]]
        for series in influxql(influxd, queries("influxql")[2])
    }
    assert set(found) == {"meter-1", "meter-2"}
    for days in found.values():
        assert len(days) >= 7
        assert set(days[1:-1]) == {3.0}


def test_flux_gives_a_loop_s_good_speeds(influxd: Influxd, now: int) -> None:
    rows = flux(influxd, queries("flux")[0])
    assert close([float(row["speed"]) for row in rows], good_minutes(now, 45 * MINUTE))


def test_flux_gives_the_mean_speed_of_a_district(influxd: Influxd, now: int) -> None:
    rows = flux(influxd, queries("flux")[1])
    assert {float(row["_value"]) for row in rows} == {10.0 + 3}
    assert len(rows) >= 88


def test_flux_gives_the_95th_percentile_of_the_night_s_flow(influxd: Influxd, now: int) -> None:
    rows = flux(influxd, queries("flux")[2])
    local = ZoneInfo("Asia/Shanghai")
    hour = now // HOUR
    nights = [
        (hour - k) % 24
        for k in range(1, 167)
        if datetime.fromtimestamp((hour - k) * 3600, UTC).astimezone(local).hour in (2, 3)
    ]
    expected = float(np.quantile(nights, 0.95, method="inverted_cdf"))
    assert {row["device"]: float(row["_value"]) for row in rows} == {"meter-1": expected, "meter-2": 10 * expected}
