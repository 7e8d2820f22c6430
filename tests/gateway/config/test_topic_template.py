"""Topic templates as sets of topics: matching, overlap, and which is the more specific."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.topic_template import covers, filter_covers, overlap, parse_template


@pytest.mark.parametrize(
    ("template", "topic", "variables"),
    [
        ("city/{zone}/loop/{device}", "city/a/loop/7", {"zone": "a", "device": "7"}),
        ("city/{zone}/loop/{device}", "city//loop/7", None),
        ("city/{zone}/loop/{device}", "city/a/loop/7/x", None),
        ("/sys/{product}/{device}", "/sys/p/d", {"product": "p", "device": "d"}),
        ("$oc/devices/{device}/sys", "$oc/devices/7/sys", {"device": "7"}),
        ("{root}/x", "$SYS/x", None),
        ("zigbee2mqtt/{name...}/availability", "zigbee2mqtt/a/b/c/availability", {"name": "a/b/c"}),
        ("zigbee2mqtt/{name...}/availability", "zigbee2mqtt/availability", None),
        ("v1.1/Datastreams({id})/Observations", "v1.1/Datastreams(7)/Observations", {"id": "7"}),
        ("v1.1/Datastreams({id})/Observations", "v1.1/Datastreams()/Observations", None),
        ("a.b/{x}", "aXb/1", None),
    ],
)
def test_topics_match_level_by_level(template: str, topic: str, variables: dict[str, str] | None) -> None:
    assert parse_template(template).match(topic) == variables


@pytest.mark.parametrize(
    "text", ["", "a/+/b", "a/#", "{A}", "{a}{b}", "{a}/{a}", "{a...}/{b...}", "x{a...}", "{a", "a}", "${a}", "$x{a}y/b"]
)
def test_wrong_templates_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"template|level|variable|number"):
        parse_template(text)


@pytest.mark.parametrize(
    ("a", "b", "meet", "a_covers_b", "b_covers_a"),
    [
        ("a/{x}", "a/b", True, True, False),
        ("a/{x}/c", "a/b/{y}", True, False, False),
        ("a/{x}", "a/{y}", True, True, True),
        ("a/{x...}", "a/{y}/c", True, True, False),
        ("z/{n...}", "z/{n...}/availability", True, True, False),
        ("a/{x}", "b/{x}", False, False, False),
        ("a/{x}", "a/{x}/c", False, False, False),
        ("a/p{x}", "a/{x}s", True, False, False),
        ("a/p{x}", "a/{x}", True, False, True),
        ("a/p{x}", "a/q{x}", False, False, False),
        ("{x}/b", "$sys/b", False, False, False),
        ("{x...}", "$sys/b", False, False, False),
    ],
)
def test_templates_compare_as_sets(a: str, b: str, meet: bool, a_covers_b: bool, b_covers_a: bool) -> None:
    one, other = parse_template(a), parse_template(b)
    assert overlap(one, other) == overlap(other, one) == meet
    assert (covers(one, other), covers(other, one)) == (a_covers_b, b_covers_a)


_LEVELS = st.lists(st.sampled_from(["a", "b", "{}", "p{}", "{}s", "{...}"]), min_size=1, max_size=4)


def _template(levels: list[str]) -> str:
    many = [level for level in levels if "..." in level]
    named = [level.replace("{", f"{{v{k}") for k, level in enumerate(levels)]
    return "/".join(named) if len(many) < 2 else "a"


@given(_LEVELS, _LEVELS, st.lists(st.sampled_from(["a", "b", "pa", "as", "ps", "pas", "$x"]), min_size=1, max_size=6))
def test_comparisons_agree_with_matching(a: list[str], b: list[str], topic_levels: list[str]) -> None:
    one, other, topic = parse_template(_template(a)), parse_template(_template(b)), "/".join(topic_levels)
    fits_one, fits_other = one.match(topic) is not None, other.match(topic) is not None
    if fits_one and fits_other:
        assert overlap(one, other)
    if fits_other and covers(one, other):
        assert fits_one


@pytest.mark.parametrize(
    ("a", "b", "covered"),
    [
        ("a/#", "a/+/c", True), ("a/#", "a", True), ("a/+", "a/b", True), ("a/+", "a/#", False), ("a/b", "a/+", False),
        ("#", "$SYS/x", False), ("+/x", "$SYS/x", False), ("a/+/c", "a/+/c", True), ("a/+", "a/b/c", False),
    ],
)  # fmt: skip
def test_filters_cover_filters(a: str, b: str, covered: bool) -> None:
    assert filter_covers(a, b) == covered


def test_filters_are_the_narrowest_that_mqtt_can_say() -> None:
    assert parse_template("city/{zone}/loop/{device}").mqtt_filter == "city/+/loop/+"
    assert parse_template("z/{name...}/availability").mqtt_filter == "z/#"
    assert parse_template("v1.1/Datastreams({id})").mqtt_filter == "v1.1/+"
