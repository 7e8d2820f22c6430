"""Rain: one signal, the same for all devices of a seed, and what it does to drains and gauges."""

from datetime import UTC, datetime

import numpy as np
import pytest

from device_sims.city.devices import load_city
from device_sims.kinds import groups_of
from device_sims.kinds.rain import DrainageLevels, RainGauges
from device_sims.world.local_time import DAY, HOUR, MINUTE, SECOND
from device_sims.world.noise import I64, Noise
from device_sims.world.weather import SINCE, Weather

YEAR_2026 = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND


def _groups(seed: int) -> tuple[DrainageLevels, RainGauges]:
    found = {group.profile: group for group in groups_of(load_city(), seed)}
    levels, gauges = found["drainage-level"], found["rain-gauge"]
    assert isinstance(levels, DrainageLevels)
    assert isinstance(gauges, RainGauges)
    return levels, gauges


def _times(days: int, step: int = 5 * MINUTE) -> I64:
    """From April on, when it begins to rain."""
    return YEAR_2026 + 90 * DAY + np.arange(0, days * DAY, step)


def test_the_weather_of_a_seed_is_one_whatever_devices_there_are() -> None:
    one, other = Weather(Noise(3, ["a"])), Weather(Noise(3, ["b", "c"]))
    ts = _times(60)

    # asked for in another order: sums don't show it
    later = other.fallen(ts[-100:])
    np.testing.assert_array_equal(one.fallen(ts)[-100:], later)
    np.testing.assert_array_equal(one.intensity(ts), other.intensity(ts))
    assert (Weather(Noise(4, ["a"])).fallen(ts) != one.fallen(ts)).any()


def test_what_has_fallen_is_the_sum_of_the_intensity() -> None:
    weather = Weather(Noise(2, ["a"]))
    ts = _times(20, MINUTE)
    fallen = weather.fallen(ts)

    assert np.diff(fallen).min() > -1e-9
    mean = (weather.intensity(ts[:-1]) + weather.intensity(ts[1:])) / 2
    np.testing.assert_allclose(fallen - fallen[0], np.append(0.0, np.cumsum(mean / 60)), atol=0.02)


def test_a_year_is_that_of_a_wet_city_and_most_of_its_days_are_dry() -> None:
    for seed in range(4):
        day = np.diff(Weather(Noise(seed, ["a"])).fallen(YEAR_2026 + np.arange(366) * DAY))
        assert 1200 < day.sum() < 2800
        assert 80 < (day > 0.2).sum() < 160
        assert day[150:270].sum() > 2 * day[:60].sum()


def test_nothing_fell_before_the_gauges_were_there() -> None:
    weather = Weather(Noise(1, ["a"]))
    ts = SINCE - np.arange(1, 2000) * HOUR

    assert weather.fallen(ts).max() == weather.intensity(ts).max() == 0


def test_a_gauge_tells_whole_tips_and_its_counter_agrees() -> None:
    _, gauges = _groups(3)
    ts = _times(30)
    rows = gauges.measure(np.zeros(len(ts), np.int64), ts)
    rain, tips = np.array([row[1] for row in rows]), np.array([row[3] for row in rows])

    assert rain.max() > 1
    np.testing.assert_allclose(rain / 0.2, np.rint(rain / 0.2), atol=1e-9)
    np.testing.assert_array_equal(np.diff(tips) % 65536, np.rint(rain[1:] / 0.2))
    assert b'"rain"' not in gauges.payload(0, [(int(ts[0]), rows[int(np.argmin(rain))])])


def test_gauges_of_the_city_tell_of_the_same_rain() -> None:
    _, gauges = _groups(3)
    ts = _times(30)
    sums = [sum(row[1] for row in gauges.measure(np.full(len(ts), k), ts)) for k in range(len(gauges.devices))]

    assert max(sums) / min(sums) < 1.15


def test_drains_follow_the_hour_in_dry_weather_and_the_rain_otherwise() -> None:
    levels, _ = _groups(3)
    weather = Weather(Noise(3, ["a"]))
    ts = _times(50, 15 * MINUTE)
    dry = weather.fallen(ts) - weather.fallen(ts - 5 * HOUR) == 0
    heavy = weather.fallen(ts) - weather.fallen(ts - HOUR) > 15
    assert heavy.any()
    for k, device in enumerate(levels.devices):
        filling = levels.sewers.level(np.full(len(ts), k), ts) / float(device.extra["diameter_m"])
        assert 0.05 < filling[dry].min() < filling[dry].max() < 0.45
        assert filling[heavy].max() > 0.8
        night, evening = filling[dry & _hour(levels, ts, 4)].mean(), filling[dry & _hour(levels, ts, 21)].mean()
        assert night < 0.75 * evening


def _hour(levels: DrainageLevels, ts: I64, hour: int) -> "np.typing.NDArray[np.bool_]":
    return np.asarray(levels.local.hour(ts).astype(np.int64) == hour)


def test_a_head_under_water_says_so_and_one_without_an_echo_has_no_level() -> None:
    levels, _ = _groups(3)
    which, ts = np.zeros(20_000, np.int64), YEAR_2026 + np.arange(20_000) * SECOND

    deep = levels.rows(which[:1], ts[:1], np.array([9.0]))[0]
    rows = levels.rows(which, ts, np.full(20_000, 0.3))

    assert (deep[1], deep[5]) == (pytest.approx(float(levels.devices[0].extra["crest_m"]) - 0.2), "submerged")
    assert {(row[1], row[5]) for row in rows} == {(0.3, "ok"), (None, "no-echo")}
