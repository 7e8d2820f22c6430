"""Detectors in order along the road: downstream neighbours, ways between them, the road that each stands for."""

import numpy as np
import pytest

from gateway.config.content import AssetFacts
from gateway.engine.conditions.traffic.roads import Spot, arranged
from tests.support.traffic import ASSETS, segment

ROADS = {each.id: each for each in ASSETS}


def test_traffic_on_the_first_carriageway_goes_along_the_line_and_on_the_second_against_it() -> None:
    spots = [Spot("a", "r1", 1, 200), Spot("b", "r1", 1, 700), Spot("c", "r1", 2, 200), Spot("d", "r1", 2, 700)]

    made = arranged(spots, ROADS, 3.0)

    assert made.downstream.tolist() == [1, -1, -1, 2]
    assert made.apart[[0, 3]].tolist() == pytest.approx([0.5, 0.5])


def test_the_next_detector_may_be_on_the_next_segment_or_beyond_it() -> None:
    spots = [Spot("a", "r1", 1, 200), Spot("b", "r3", 1, 400), Spot("c", "r3", 2, 400), Spot("d", "r2", 2, 900)]

    made = arranged(spots, ROADS, 3.0)

    assert made.downstream.tolist() == [1, -1, 3, -1]
    # 800 m + 1000 m + 400 m; against the line 400 m + 100 m
    assert made.apart[[0, 2]].tolist() == pytest.approx([2.2, 0.5])


def test_detectors_too_far_apart_are_no_neighbours() -> None:
    spots = [Spot("a", "r1", 1, 200), Spot("b", "r3", 1, 400)]

    assert arranged(spots, ROADS, 2.2).downstream.tolist() == [1, -1]
    assert arranged(spots, ROADS, 2.1).downstream.tolist() == [-1, -1]


def test_no_neighbour_lies_in_another_zone() -> None:
    assert arranged([Spot("a", "r3", 1, 900), Spot("b", "r4", 1, 100)], ROADS, 9.0).downstream.tolist() == [-1, -1]


def test_each_stands_for_half_the_way_to_its_neighbours_and_else_to_the_end_of_its_segment() -> None:
    made = arranged([Spot("a", "r1", 1, 200), Spot("b", "r1", 1, 600), Spot("c", "r2", 1, 200)], ROADS, 3.0)

    # 0.2 + 0.4/2, 0.4/2 + 0.6/2, 0.6/2 + 0.8
    assert made.road.tolist() == pytest.approx([0.4, 0.5, 1.1])


def test_what_has_no_place_has_no_neighbour_and_no_road() -> None:
    made = arranged([None, Spot("a", "nowhere", 1, 5), Spot("b", "r1", 1, 500)], ROADS, 3.0)

    assert made.downstream.tolist() == [-1, -1, -1]
    assert np.isnan(made.road).tolist() == [True, True, False]


def test_detectors_at_one_point_share_the_next_one() -> None:
    made = arranged([Spot("a", "r1", 1, 200), Spot("b", "r1", 1, 200), Spot("c", "r1", 1, 600)], ROADS, 3.0)

    assert made.downstream.tolist() == [2, 2, -1]


def _crossing(**roads: str) -> dict[str, AssetFacts]:
    """r1 ends where one street goes straight on and another turns off."""
    ahead = segment("ahead", 113.01, 113.02, "r1", "side", road=roads["ahead"])
    figures = {"lon_1": 113.01, "lat_1": 23.0, "lon_2": 113.01, "lat_2": 23.01, "length_m": 1000.0}
    side = AssetFacts("side", "segment", "a", figures, ("r1", "ahead"), {"road": roads["side"]})
    first = segment("r1", 113.0, 113.01, "side", "ahead", road=roads["first"])
    return {each.id: each for each in (first, ahead, side)}


@pytest.mark.parametrize(("roads", "next_one"), [
    ({"first": "x", "ahead": "y", "side": "z"}, "ahead"),  # straight ahead
    ({"first": "x", "ahead": "y", "side": "x"}, "side"),  # the same road turns
])  # fmt: skip
def test_the_same_road_goes_on_and_else_what_lies_ahead(roads: dict[str, str], next_one: str) -> None:
    spots = [Spot("a", "r1", 1, 500), Spot("b", "ahead", 1, 500), Spot("c", "side", 1, 500)]

    made = arranged(spots, _crossing(**roads), 3.0)

    assert spots[int(made.downstream[0])].segment == next_one


def test_a_road_that_only_turns_off_is_not_followed() -> None:
    assets = _crossing(first="x", ahead="y", side="z")
    del assets["ahead"]

    assert arranged([Spot("a", "r1", 1, 500), Spot("c", "side", 1, 500)], assets, 3.0).downstream.tolist() == [-1, -1]


def test_a_ring_ends_nowhere_and_the_walk_around_it_ends() -> None:
    corners = [(113.0, 23.0), (113.01, 23.0), (113.005, 23.01)]
    assets = {}
    for k in range(3):
        (lon_1, lat_1), (lon_2, lat_2) = corners[k], corners[(k + 1) % 3]
        figures = {"lon_1": lon_1, "lat_1": lat_1, "lon_2": lon_2, "lat_2": lat_2, "length_m": 1000.0}
        near = (f"s{(k + 1) % 3}", f"s{(k + 2) % 3}")
        assets[f"s{k}"] = AssetFacts(f"s{k}", "segment", "a", figures, near, {"road": "ring"})

    assert arranged([Spot("a", "s0", 1, 500)], assets, 9.0).downstream.tolist() == [-1]
    assert arranged([Spot("a", "s0", 1, 500), Spot("b", "s2", 1, 500)], assets, 9.0).downstream.tolist() == [1, 0]
