"""A feeder on which everything is metered: what goes in is what the homes take, and the loss."""

import numpy as np
import pytest

from device_sims.city.devices import City, Device, load_city
from device_sims.kinds import Group, groups_of
from device_sims.troubles.trouble import Place, Trouble
from device_sims.world.homes import Homes
from device_sims.world.local_time import DAY, HOUR, MINUTE, LocalTime
from device_sims.world.noise import Noise

MONDAY = 1_772_380_800_000_000_000  # 2026-03-02T00:00:00+08:00


@pytest.fixture(scope="module")
def kinds() -> dict[str, Group]:
    return {group.profile: group for group in groups_of(load_city(), 1)}


def _column(group: Group, ts: np.ndarray, place: int) -> np.ndarray:
    """One number of each device (rows) at each time."""
    n = len(group.devices)
    rows = group.measure(np.repeat(np.arange(n), len(ts)), np.tile(ts, n))
    return np.array([row[place] for row in rows]).reshape(n, -1)


def test_registers_of_homes_and_head_balance_but_for_the_loss(kinds: dict[str, Group]) -> None:
    hours = MONDAY + np.arange(49) * HOUR
    sold = np.diff(_column(kinds["household-meter"], hours, 0)).sum(axis=0)
    (supply,) = np.diff(_column(kinds["feeder-meter"], hours, 0))

    np.testing.assert_allclose(supply, sold * 1.035 + 0.4, atol=0.2)


def test_registers_never_fall_and_grow_by_what_is_drawn() -> None:
    homes = Homes(Noise(3, ["home-0001"]), LocalTime("Asia/Shanghai"))
    minutes = MONDAY + np.arange(0, 3 * DAY, 5 * MINUTE)
    which = np.zeros(len(minutes), np.int64)
    energy, power = homes.energy(which, minutes), homes.power(which, minutes)

    assert (np.diff(energy) > 0).all()
    np.testing.assert_allclose(np.diff(energy), power[:-1] / 12, rtol=1e-6)


def test_transformers_carry_their_own_homes(kinds: dict[str, Group]) -> None:
    at = MONDAY + np.array([4, 20]) * HOUR
    power = _column(kinds["household-meter"], at, 2)
    apparent = _column(kinds["transformer"], at, 0)

    np.testing.assert_allclose(apparent * 0.95, power.reshape(4, 10, -1).sum(axis=1), atol=0.02)
    oil = _column(kinds["transformer"], at, 7)
    assert (oil[:, 1] > oil[:, 0]).all()


def test_an_overload_moves_load_and_currents_at_once_and_the_oil_with_its_lag(kinds: dict[str, Group]) -> None:
    start, end = MONDAY + 21 * HOUR, MONDAY + 23 * HOUR
    overload = Trouble("overload", Place(asset="tx-conghua-23"), start, end, 8.0)
    group = {group.profile: group for group in groups_of(load_city(), 1, [overload])}["transformer"]
    at = np.array([start - MINUTE, start, start + HOUR, end - MINUTE, end, end + 3 * HOUR])
    s, i_a, oil, winding = (_column(group, at, place) for place in (0, 1, 7, 8))
    usual_s, usual_oil, air = (_column(kinds["transformer"], at, place) for place in (0, 7, 9))

    np.testing.assert_allclose(s[2] / usual_s[2], [1, 8, 8, 8, 1, 1], rtol=0.01)
    assert (np.diff(i_a[2])[[0, 3]] * [1, -1] > 50).all()
    # of the way to where it would settle: by hand, 1 - exp(-t / 180 min); then it fades as slowly
    settled = air[2] + 55.0 * ((1 + 5 * (8 * usual_s[2] / 30) ** 2) / 6) ** 0.8
    share = (oil[2] - usual_oil[2]) / (settled - usual_oil[2])
    np.testing.assert_allclose(share, [0, 0, 0.2835, 0.4837, 0.4866, 0.1790], atol=0.003)
    assert (winding - oil)[2, 3] > 20.0
    for other in (0, 1, 3):
        np.testing.assert_array_equal(s[other], usual_s[other])
        np.testing.assert_array_equal(oil[other], usual_oil[other])


def test_only_monitors_that_are_told_to_have_events() -> None:
    city = load_city()
    pq = next(device for device in city.devices if device.profile == "grid-event")
    devices = (pq, Device("pq-x", "grid-event", "pq-x", pq.zone, {"sags": "500"}))
    (group,) = groups_of(City(city.timezone, devices, city.intervals), 1)
    hours = MONDAY + np.arange(200) * HOUR

    events = [[row[0] for row in group.measure(np.full(200, k), hours)] for k in (0, 1)]

    assert set(events[0]) == {"none"}
    assert 70 < events[1].count("sag") < 130
