"""Topic filters: what is valid, what overlaps, what is derived from profiles."""

import pytest

import seeds
from gateway.config.filters import filter_problem, filters_of, filters_overlap, source_filters, unheard
from gateway.config.load import load_settings
from gateway.config.profiles import Profile, load_profiles
from gateway.config.topic_template import filter_covers


@pytest.mark.parametrize("text", ["#", "+", "a", "a/+/b/#", "/", "$SYS/#", "$share/g/a/+", "a//b", "城/#"])
def test_valid_filters_have_no_problem(text: str) -> None:
    assert filter_problem(text) == ""


@pytest.mark.parametrize(
    "text",
    ["", "a/#/b", "a#", "#/a", "a+/b", "a/b+", "$share/g", "$share//a", "$share/+/a", "$share/g/", "a\0", "x" * 70_000],
)
def test_invalid_filters_have_one(text: str) -> None:
    assert filter_problem(text)


@pytest.mark.parametrize(
    ("a", "b", "meet"),
    [
        ("a/b", "a/b", True), ("a/b", "a/c", False), ("a/+", "+/b", True), ("a/#", "a", True), ("a/#", "b/#", False),
        ("#", "a/b/c", True), ("a/+/c", "a/b", False), ("a/+", "a", False), ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False), ("$SYS/#", "$SYS/x", True), ("$share/g/a", "$share/g/a", False),
        ("$share/g/a", "$share/h/a", True), ("$share/g/a/+", "a/b", True),
        ("+", "/#", False), ("+", "/+", False), ("/#", "/+", True), ("#", "/#", True), ("/#", "/a", True),
    ],
)  # fmt: skip
def test_filters_overlap_where_a_topic_fits_both(a: str, b: str, meet: bool) -> None:
    assert filters_overlap(a, b) is meet
    assert filters_overlap(b, a) is meet


def test_derived_filters_take_in_every_profile_and_none_twice() -> None:
    profiles = load_profiles(seeds.profile_texts())

    derived = filters_of(profiles)

    assert all(
        any(filter_covers(one, template.mqtt_filter) for one in derived) for p in profiles for template in p.templates
    )
    assert not any(filter_covers(a, b) for a in derived for b in derived if a != b)


def _sparkplug(*places: str) -> Profile:
    topics = [
        f"spBv1.0/{group}/{'D' if device else 'N'}{kind}/{'/'.join((node, *device))}"
        for group, node, *device in (place.split("/") for place in places)
        for kind in ("BIRTH", "DATA", "DEATH")
    ]
    (profile,) = load_profiles({"sparkplug-pump": seeds.profile_texts()["sparkplug-pump"]})
    return profile.model_copy(update={"topics": tuple(topics)})


@pytest.mark.parametrize(
    ("places", "filters"),
    [
        (["{group}/{node}", "{group}/{node}/{device}"], ("spBv1.0/+/+/+/#",)),
        (["Water/PS-{node}", "Water/PS-{node}/{device}"], ("spBv1.0/Water/+/+/#",)),
        (["Water/PS-1", "Gas/GS-1", "Gas/GS-1/Valve-1"], ("spBv1.0/Gas/+/GS-1/#", "spBv1.0/Water/+/PS-1")),
    ],
)
def test_what_an_edge_node_says_comes_in_its_order_through_one_filter(
    places: list[str], filters: tuple[str, ...]
) -> None:
    assert filters_of([_sparkplug(*places)]) == filters


def test_a_source_without_filters_gets_the_derived_ones() -> None:
    profiles = load_profiles(seeds.profile_texts())

    assert source_filters(load_settings(None).sources, profiles) == {"main": filters_of(profiles)}


def test_profiles_that_no_source_hears_are_found() -> None:
    profiles = load_profiles(seeds.profile_texts())

    heard = [
        "v1/#",
        "zigbee2mqtt/#",
        "tele/#",
        "stat/#",
        "tasmota/#",
        "+/events/rpc",
        "+/status/+",
        "/#",
        "oc/#",
        "ul/#",
        "spBv1.0/+/#",
    ]
    deaf = unheard({"main": ["$share/g/city/#", "v3/#", *heard]}, profiles)

    assert [(profile.name, topic) for profile, topic in deaf] == [
        ("chirpstack-v4", "application/{application}/device/{device}/event/up")
    ]
