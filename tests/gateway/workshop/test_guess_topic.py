"""Topics folded into templates."""

import pytest

from gateway.config.topic_template import parse_template
from gateway.workshop.guess_topic import fold, is_id, template_of

JSON = ("json", frozenset({"t", "h"}))
TEXT = ("text", frozenset({"$"}))


def texts(*topics: str, shape: tuple[str, frozenset[str]] | None = None) -> list[str]:
    return [family.text for family in fold(topics, dict.fromkeys(topics, shape) if shape else None)]


def test_levels_that_name_one_thing_are_folded() -> None:
    assert texts("a/n-1/log", "a/n-2/log", "a/n-1/state") == ["a/{..}/log", "a/{..}/state"]


def test_words_are_folded_where_payloads_are_alike() -> None:
    assert texts("home/kitchen/climate", "home/attic/climate", shape=JSON) == ["home/{..}/climate"]


def test_bare_values_of_different_words_stay_apart() -> None:
    assert texts("home/temperature", "home/humidity", shape=TEXT) == ["home/humidity", "home/temperature"]


def test_many_words_are_names_of_something() -> None:
    topics = [f"home/{word}" for word in "abcdefghij"]
    assert texts(*topics, shape=TEXT) == ["home/{..}"]


def test_roles_of_one_device_stay_apart() -> None:
    assert texts("tele/tasmota_A1B2C3/SENSOR", "tele/tasmota_A1B2C3/STATE", shape=JSON) == [
        "tele/{..}/SENSOR", "tele/{..}/STATE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("topics", "template", "secrets"),
    [
        (["acme/harbour/SLM-0417/spl", "acme/school/SLM-0188/spl"], "acme/{level_2}/{device}/spl", ()),
        (["v3/waste@acme/devices/bin-7/up"], "v3/waste@acme/devices/{device}/up", ()),
        (["/json/4jggokgpepnvsb2uv4s40d59ov/lamp-1/attrs"], "/json/{apikey}/{device}/attrs", ("apikey",)),
        (["zigbee2mqtt/attic"], "zigbee2mqtt/{device}", ()),
        (["temperature"], "{device}", ()),
        (["sites/4/meter/7/data", "sites/4/meter/9/data"], "sites/{site}/meter/{device}/data", ()),
        (["a/{x}/b\x1b/n"], None, ()),
    ],
)
def test_the_device_is_the_level_that_varies_most(
    topics: list[str], template: str | None, secrets: tuple[str, ...]
) -> None:
    (family,) = fold(topics, dict.fromkeys(topics, JSON))
    text, found = template_of(family)

    assert all(parse_template(text).match(topic) for topic in topics)
    assert template is None or (text, found) == (template, secrets)


def test_versions_and_bridges_are_no_ids() -> None:
    assert [is_id(text) for text in ("v3", "zigbee2mqtt", "spBv1.0", "n-01", "A1B2C3", "reading")] == [
        False, False, False, True, True, False,
    ]  # fmt: skip


def test_thousands_of_hostile_topics_are_folded_soon() -> None:
    topics = [f"{'abcdefgh'[k % 8] * (k % 97 + 1)}/{chr(97 + k % 26) * (k % 89 + 1)}/x" for k in range(2_000)]
    assert len(fold(topics, dict.fromkeys(topics, JSON))) <= len(topics)
