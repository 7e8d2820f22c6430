"""The curves of a day have the shape that a city has."""

import numpy as np
import pytest

from device_sims.world.signals import evening_load, traffic_demand, water_demand, water_demand_integral

HOURS = np.arange(0.0, 24.0, 0.05)


def test_traffic_has_two_peaks_on_weekdays_and_one_hump_at_the_weekend() -> None:
    def peaks(rests: bool) -> list[float]:
        curve = traffic_demand(HOURS, np.full(len(HOURS), rests))
        inner = (curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])
        return [hour for hour, high in zip(HOURS[1:-1][inner].tolist(), curve[1:-1][inner], strict=True) if high > 0.7]

    monday, sunday = peaks(False), peaks(True)
    assert [round(hour) for hour in monday] == [8, 18]
    assert [round(hour) for hour in sunday] == [16]


def test_offices_draw_by_day_and_homes_in_the_evening() -> None:
    homes = evening_load(HOURS, np.ones(len(HOURS)))
    offices = evening_load(HOURS, np.zeros(len(HOURS)))
    assert 19 < HOURS[homes.argmax()] < 22
    assert 10 < HOURS[offices.argmax()] < 17


def test_water_is_lowest_at_night() -> None:
    assert 1 < HOURS[water_demand(HOURS).argmin()] < 4


def test_the_counter_is_the_integral_of_the_demand() -> None:
    fine = np.arange(0, 50 * 3600) / 3600
    summed = water_demand(fine % 24.0).sum() / 3600
    assert water_demand_integral(np.array([50.0]))[0] == pytest.approx(summed, rel=1e-4)
