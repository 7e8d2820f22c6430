"""Routing: the most specific profile wins, and what fits nothing says why."""

from typing import Any

import pytest

import seeds
from gateway.config.filters import filters_of
from gateway.config.profile_model import Profile
from gateway.config.profiles import load_profiles
from gateway.engine.router import Match, NoMatch, Router
from gateway.reasons import Ignored, Rejected


def profiles(**topics: str) -> tuple[Profile, ...]:
    """A minimal profile a topic; a topic with {device} gives identity from it."""
    made: dict[str, dict[str, Any]] = {}
    for name, topic in topics.items():
        identity = {"topic": "{device}"} if "{device" in topic else {"path": "id"}
        made[name] = {
            "name": name, "topic": topic, "interval_secs": 60, "identity": identity,
            "time": {"format": "receipt"}, "fields": {"v": {"path": "v", "unit": "1"}},
        }  # fmt: skip
    return load_profiles(made)


def test_the_more_specific_template_wins() -> None:
    given = profiles(a="z/{device...}", b="z/{device...}/availability", c="z/bridge/{device}/state")
    router = Router(given)
    assert router.match("z/lamp/left") == Match(0, "lamp/left", ("device",), ("lamp/left",))
    assert router.match("z/lamp/left/availability") == Match(1, "lamp/left", ("device",), ("lamp/left",))
    assert router.match("z/bridge/1/state") == Match(2, "1", ("device",), ("1",))


def test_identity_in_the_payload_leaves_the_key_open() -> None:
    assert Router(profiles(a="v3/{app}/up")).match("v3/x/up") == Match(0, None, ("app",), ("x",))


def test_a_key_may_be_made_of_several_levels() -> None:
    base = profiles(a="/sys/{product}/{device}/post")[0]
    both = base.model_copy(update={"identity": base.identity.model_copy(update={"topic": "{product}/{device}"})})
    assert Router([both]).match("/sys/p1/d1/post") == Match(0, "p1/d1", ("product", "device"), ("p1", "d1"))


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("elsewhere/x", Rejected.TOPIC_UNKNOWN),
        ("a/b/c", Rejected.TOPIC_UNKNOWN),
        ("", Rejected.TOPIC_INVALID),
        ("a/+", Rejected.TOPIC_INVALID),
        ("a/x\0", Rejected.TOPIC_INVALID),
        ("a/x\ny", Rejected.IDENTITY_INVALID),
        ("a/" + "x" * 300, Rejected.IDENTITY_INVALID),
        ("a/" + "x" * 1023, Rejected.TOPIC_TOO_LONG),
        ("a/" + "流" * 350, Rejected.TOPIC_TOO_LONG),
    ],
)
def test_what_fits_nothing_has_a_reason(topic: str, reason: Rejected) -> None:
    match = Router(profiles(a="a/{device}")).match(topic)
    # the device's part is wrong, but it is known whose topic it is
    assert match == NoMatch(reason, 0 if reason is Rejected.IDENTITY_INVALID else -1)


def several(**changes: Any) -> tuple[Profile, ...]:
    """zigbee2mqtt with names of any depth, spoken under two roots."""
    base: dict[str, Any] = {
        "name": "z", "topics": ["z/{device...}", "old/z/{device...}"], "interval_secs": 60,
        "identity": {"topic": "{device}"}, "time": {"format": "receipt"}, "fields": {"v": {"path": "v", "unit": "1"}},
        "ignore": [{"topics": ["z/{device...}/availability", "z/bridge/{what...}"], "reason": "no_reading"}],
    }  # fmt: skip
    return load_profiles({"z": base | changes})


def test_one_device_may_speak_under_several_topics() -> None:
    router = Router(several())
    assert (
        router.match("z/lamp/left")
        == router.match("old/z/lamp/left")
        == Match(0, "lamp/left", ("device",), ("lamp/left",))
    )


def test_topics_that_carry_no_reading_are_ignored_by_the_more_specific_template() -> None:
    router = Router(several())
    assert router.match("z/lamp/left/availability") == NoMatch(Ignored.NO_READING, 0)
    assert router.match("z/bridge/devices") == NoMatch(Ignored.NO_READING, 0)
    assert router.match("old/z/bridge/devices") == Match(0, "bridge/devices", ("device",), ("bridge/devices",))


def test_a_profile_may_take_what_another_ignores() -> None:
    other = profiles(bridge="z/bridge/{device}/state")
    router = Router([*several(), *other])
    assert router.match("z/bridge/b1/state") == Match(1, "b1", ("device",), ("b1",))


def test_nothing_is_subscribed_to_for_topics_that_are_ignored() -> None:
    ignoring = several(ignore=[{"topics": ["elsewhere/{a}"], "reason": "no_reading"}])
    assert filters_of(ignoring) == ("old/z/#", "z/#")


@pytest.mark.parametrize(
    ("topic", "is_one"),
    [
        ("spBv1.0/Gas/NCMD/GS-1", True), ("spBv1.0/Gas/DCMD/GS-1/Valve-1", True), ("spBv1.0/Gas/NDATA/GS-1", False),
        ("spBv1.0/Gas/NCMD/GS-1/Valve-1", False), ("spBv1.0", False), ("city/Gas/NCMD/GS-1", False),
    ],
)  # fmt: skip
def test_a_command_to_an_edge_node_is_no_strangers_topic(topic: str, is_one: bool) -> None:
    reason = Ignored.NO_READING if is_one else Rejected.TOPIC_UNKNOWN
    assert Router(several()).match(topic) == NoMatch(reason)


def test_filters_cover_all_topics_and_none_covers_another() -> None:
    given = profiles(a="z/{device...}", b="z/bridge/{device}", c="city/{zone}/loop/{device}", d="$oc/{device}/up")
    assert filters_of(given) == ("$oc/+/up", "city/+/loop/+", "z/#")


def test_built_in_profiles_take_their_own_topics() -> None:
    built_in = load_profiles(seeds.profile_texts())
    router = Router(built_in)
    match = router.match("city/tianhe/traffic/loop/loop-0007/reading")
    assert isinstance(match, Match)
    assert (built_in[match.profile].name, match.key) == ("loop-detector", "loop-0007")
    assert match.variables["zone"] == "tianhe"
    assert "city/+/traffic/loop/+/reading" in filters_of(built_in)


@pytest.mark.parametrize("topic", ["z/lamp/state", "z/a/lamp/state", "z/a/b/c/lamp/state"])
def test_a_template_of_any_depth_takes_every_depth_from_its_own_on(topic: str) -> None:
    router = Router(profiles(a="z/{place...}/{device}/state"))

    found = router.match(topic)

    if topic == "z/lamp/state":
        assert found == NoMatch(Rejected.TOPIC_UNKNOWN)
    else:
        assert isinstance(found, Match)
        assert found.variables["device"] == "lamp"
