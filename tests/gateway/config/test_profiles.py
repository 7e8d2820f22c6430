"""Profiles: what is built in loads, and every mistake names its file, its key and a remedy."""

from typing import Any

import pytest

import seeds
from gateway.config.profiles import load_profiles
from gateway.errors import ConfigError, ConfigErrors

INF = float("inf")


def profile(**changes: Any) -> dict[str, Any]:
    """A small valid profile with changes; a value of None takes the key out."""
    base: dict[str, Any] = {
        "name": "thing",
        "topic": "x/{zone}/{device}",
        "interval_secs": 60,
        "identity": {"topic": "{device}"},
        "time": {"path": "ts", "format": "unix_ms"},
        "fields": {"speed": {"path": "speed", "unit": "km/h"}},
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def test_the_built_in_profiles_load() -> None:
    names = [one.name for one in load_profiles(seeds.profile_texts())]
    assert names == sorted(names)
    assert {"loop-detector", "segment-speed", "meter-3p", "water-flow", "water-pressure", "gas-detector"} <= set(names)


def test_out_of_orderness_follows_the_interval() -> None:
    (short,) = load_profiles({"thing": profile()})
    (long,) = load_profiles({"thing": profile(interval_secs=3600)})
    (given,) = load_profiles({"thing": profile(out_of_orderness_secs=0)})
    assert [p.out_of_orderness_ns for p in (short, long, given)] == [10 * 10**9, 360 * 10**9, 0]


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"interval_secs": None}, "interval_secs", "missing"),
        ({"colour": 1}, "colour", "not known"),
        ({"topic": "x/+/{device}"}, "topic", "level"),
        ({"identity": {"topic": "{name}"}}, "identity.topic", "no variable"),
        ({"identity": {"topic": "fixed"}}, "identity.topic", "one"),
        ({"identity": {"topic": "{device}", "path": "id"}}, "identity", "exactly one"),
        ({"identity": {"path": "a..b"}}, "identity.path", "character 3"),
        ({"identity": {"object_key": True}}, "identity.object_key", "{}"),
        ({"identity": {"base_name": True}}, "identity.base_name", "SenML"),
        ({"provisioning": {"zone_from": "area"}}, "provisioning.zone_from", "no variable"),
        ({"time": None}, "time", "missing"),
        ({"time": {"format": "unix_s"}}, "time", "path"),
        ({"time": {"path": "ts", "format": "receipt"}}, "time", "path"),
        ({"time": {"path": "ts", "format": "local"}}, "time.zone", "belongs"),
        ({"time": {"path": "ts", "format": "local", "zone": "Mars/Olympus"}}, "time.zone", "IANA"),
        ({"time": {"path": "ts[]", "format": "unix_s"}}, "time.path[0]", "branches"),
        ({"records": {"path": "list"}}, "records.path", "one place"),
        ({"fields": {}}, "fields", "at least 1"),
        ({"topic": None}, "topic", "missing"),
        ({"topic": None, "topics": []}, "topic", "missing"),
        ({"topics": ["y/{zone}/{device}"]}, "topics", "beside"),
        ({"topic": None, "topics": ["x/{device}", "y/+/{device}"]}, "topics[1]", "level"),
        ({"topic": None, "topics": ["x/{device}", "y/{id}"]}, "identity.topic", "each"),
        ({"topic": None, "topics": ["x/{device}", "x/{device}"]}, "topics[1]", "neither"),
        ({"topic": None, "topics": ["x/{device}/{b}", "x/a/{device}"], "redact": {"variables": ["c"]}},
         "redact.variables", "no variable"),
        ({"ignore": [{"reason": "no_reading"}]}, "ignore[0]", "path and equals, or topics"),
        ({"ignore": [{"path": "a", "reason": "no_reading"}]}, "ignore[0]", "path and equals, or topics"),
        ({"ignore": [{"path": "a", "equals": 1, "topics": ["z/{a}"], "reason": "no_reading"}]}, "ignore[0]", "topics"),
        ({"ignore": [{"topics": ["x/+"], "reason": "no_reading"}]}, "ignore[0].topics[0]", "level"),
        ({"ignore": [{"topics": ["x/{a}/{b}"], "reason": "no_reading"}]}, "ignore[0].topics[0]", "neither"),
        ({"time": {"path": "ts", "format": "unix_s", "interval": "end"}}, "time.interval", "unix_s"),
        ({"time": {"path": "$", "format": "unix_s"}}, "time.path[0]", "whole message"),
        ({"identity": {"path": "$"}}, "identity.path", "whole message"),
        ({"records": {"path": "r[]"}, "fields": {"v": {"path": "$", "unit": "1"}}}, "fields.v.path", "many records"),
        ({"fields": {"v": {"path": "@", "unit": "1"}}}, "fields.v.path", "record itself"),
        ({"records": {"path": "r[]"}, "identity": {"path": "@"}}, "identity.path", "record itself"),
        ({"fields": {"v": {"path": "^.v", "unit": "1"}}}, "fields.v.path", "within records"),
        ({"records": {"path": "r[]"}, "identity": {"path": "^.id"}}, "identity.path", "within records"),
        ({"records": {"path": "r{}", "single": True}}, "records.single", "no []"),
        ({"fields": {"v": {"path": [], "unit": "1"}}}, "fields.v.path", "at least one path"),
        ({"fields": {"v": {"path": ["v", "v..x"], "unit": "1"}}}, "fields.v.path[1]", "character 3"),
        ({"fields": {"v": {"path": "v", "time": ["t", "t["], "unit": "1"}}}, "fields.v.time[1]", "path"),
        ({"fields": {"v": {"path": "v", "time": "t", "unit": "1", "required": True}}}, "fields.v.required", "absent"),
        ({"time": {"format": "receipt"}, "fields": {"v": {"path": "v", "time": "t", "unit": "1"}}}, "time", "path"),
        ({"time": {"path": "t", "format": "unix_s", "numbers": "unix_ms"}}, "time.numbers", "unix_s"),
        ({"time": {"path": "t", "format": "unix_s", "earliest": "2020-01-01"}}, "time.earliest", "offset"),
        ({"time": {"path": "t", "format": "unix_s", "earliest": "soon"}}, "time.earliest", "soon"),
        ({"wrap_in": "name"}, "wrap_in", "no variable"),
        ({"wrap_in": "zone", "compression": "auto"}, "wrap_in", "packed"),
        ({"ignore": [{"path": "a", "type": "object", "reason": "no_reading"}]}, "ignore[0].type", "text"),
        ({"ignore": [{"path": "a", "type": "text", "equals": 1, "reason": "no_reading"}]}, "ignore[0]", "and type"),
        ({"redact": {"paths": ["$"]}}, "redact.paths[0]", "key"),
        ({"sequence": {"path": "n", "of": "node"}}, "sequence.of", "no variable"),
        ({"sequence": {"path": "n", "of": "{node}"}}, "sequence.of", "no variable"),
        ({"fields": {"speed": {"path": "s", "unit": "kmh"}}}, "fields.speed.unit", "kmh"),
        ({"fields": {"speed": {"path": "s"}}}, "fields.speed.unit", "missing"),
        ({"fields": {"speed": {"path": "s", "unit": "km/h", "range": [5, 5]}}}, "fields.speed.range", "below"),
        ({"fields": {"speed": {"path": "s", "unit": "km/h", "range": [0, INF]}}}, "fields.speed.range[1]", "finite"),
        ({"fields": {"speed": {"path": "s", "unit": "km/h", "scale": 0}}}, "fields.speed.scale", "0"),
        ({"fields": {"state": {"path": "s", "type": "enum"}}}, "fields.state.enum", "enum"),
        ({"fields": {"flag": {"path": "s", "unit": "1"}}}, "fields.flag", "stores"),
        ({"fields": {"speed_why": {"path": "s", "unit": "1"}}}, "fields.speed_why", "stores"),
        ({"fields": {"Speed": {"path": "s", "unit": "1"}}}, "fields.Speed", "pattern"),
        ({"ignore": [{"path": "x", "equals": 1, "reason": "retained"}]}, "ignore[0].reason", "simulated"),
        ({"ignore": [{"path": "x", "equals": 1, "reason": "empty"}]}, "ignore[0].reason", "no_reading"),
        ({"redact": {"variables": ["device"]}}, "redact.variables", "key"),
        ({"identity": {"path": "login.id"}, "redact": {"paths": ["id"]}}, "redact.paths[0]", "key"),
        ({"redact": {"paths": ["a[0]"]}}, "redact.paths[0]", "key"),
        (
            {"records": {"path": "r[]"}, "ignore": [{"path": "test", "equals": True, "reason": "simulated"}]},
            "ignore[0].path", "root",
        ),
    ],
)  # fmt: skip
def test_a_mistake_names_file_key_problem_and_remedy(changes: dict[str, Any], key: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profiles({"thing": profile(**changes)})
    error = caught.value
    assert (error.file, error.key) == ("thing.toml", key)
    assert problem in error.problem
    assert error.remedy


def all_problems(*profiles: dict[str, Any]) -> list[tuple[str, str]]:
    """File and key of everything that is wrong with several profiles, each in a file a, b, ..."""
    with pytest.raises(ConfigErrors) as caught:
        load_profiles(dict(zip("abcdefgh", profiles, strict=False)))
    assert all(problem.remedy for problem in caught.value.problems)
    return sorted((problem.file, problem.key) for problem in caught.value.problems)


def test_every_fault_of_a_profile_is_said_at_once() -> None:
    fields = {
        "speed": {"path": "a..b", "unit": "kmh", "range": [5, 1], "scale": 0, "rnage": [0, 1]},
        "flow": {"path": 7, "unit": "furlong"},
        "flag": {"path": "f", "unit": "1"},
    }
    wrong = profile(
        interval_secs=0, colour=1, fields=fields, identity={"topic": "{name}"}, time={"path": "ts[]", "format": "sun"},
        provisioning={"policy": "maybe", "zone_from": "area"}, redact={"paths": ["a[0]"]},
    )  # fmt: skip
    assert all_problems(wrong) == [
        ("a.toml", key)
        for key in (
            "colour", "fields.flag", "fields.flow.path", "fields.flow.unit", "fields.speed.path", "fields.speed.range",
            "fields.speed.rnage", "fields.speed.scale", "fields.speed.unit", "identity.topic", "interval_secs",
            "provisioning.policy", "provisioning.zone_from", "redact.paths[0]", "time.format", "time.path[0]",
        )
    ]  # fmt: skip


def test_what_cannot_be_judged_beside_a_fault_is_not_complained_about() -> None:
    # without a codec nobody knows whether [time] is missing, without a topic which variables there are
    assert all_problems(profile(codec="xml", time=None)) == [("a.toml", "codec")]
    assert all_problems(profile(topic=5)) == [("a.toml", "topic")]
    assert all_problems(profile(time=5)) == [("a.toml", "time")]
    assert all_problems(profile(identity=None)) == [("a.toml", "identity")]
    assert all_problems(profile(fields={"speed": 5})) == [("a.toml", "fields.speed")]


def test_a_fault_in_one_profile_hides_none_of_another_nor_between_them() -> None:
    first, second = profile(interval_secs=-1), profile(topic="x/{a}/{device}", fields={"v": {"path": "v", "unit": "?"}})
    assert all_problems(first, second) == [
        ("a.toml", "interval_secs"), ("b.toml", "fields.v.unit"), ("b.toml", "name"), ("b.toml", "topic"),
    ]  # fmt: skip


def test_a_key_that_is_misspelt_gets_the_nearest_one_as_remedy() -> None:
    with pytest.raises(ConfigError) as caught:
        load_profiles({"a": profile(fields={"speed": {"path": "s", "unit": "1", "rnage": [0, 1]}})})
    assert caught.value.remedy == "Did you mean fields.speed.range?"


def test_a_text_that_is_not_toml_is_an_error_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"odd\.toml: is not TOML.*(line 2|end of)"):
        load_profiles({"odd.toml": 'name = "x"\nname ='})


def test_senml_takes_no_keys_that_it_says_by_itself() -> None:
    senml = {"codec": "senml", "time": None}
    load_profiles({"thing": profile(**senml)})
    with pytest.raises(ConfigError, match="does not belong to SenML"):
        load_profiles({"thing": profile(codec="senml")})
    field = {"path": "speed", "unit": "km/h", "required": True}
    with pytest.raises(ConfigError, match="leave out"):
        load_profiles({"thing": profile(**senml, fields={"speed": field})})


def test_two_profiles_of_one_name_are_an_error() -> None:
    with pytest.raises(ConfigError, match=r"b\.toml: name: 'thing' is taken by a\.toml"):
        load_profiles({"a": profile(), "b": profile(topic="y/{device}")})


@pytest.mark.parametrize("other", ["x/{area}/{id}", "x/p/{q}", "x/a{q}/{device}"])
def test_overlapping_topics_need_a_more_specific_one(other: str) -> None:
    pair = {"a": profile(topic="x/{zone}/b{device}"), "b": profile(name="other", topic=other, identity={"path": "id"})}
    nested = other == "x/{area}/{id}"
    if nested:
        assert len(load_profiles(pair)) == 2
    else:
        with pytest.raises(ConfigError, match="neither is the more specific"):
            load_profiles(pair)


def test_every_template_of_a_profile_needs_to_be_more_specific_than_those_it_overlaps() -> None:
    several = profile(topic=None, topics=["a/{device}", "b/{device}/x"])
    load_profiles({"a": several, "b": profile(name="other", topic="b/{device}/{last}")})
    with pytest.raises(ConfigError, match=r"topics\[1\]: 'b/\{device\}/x' and 'b/c/\{device\}' of b\.toml fit"):
        load_profiles({"a": several, "b": profile(name="other", topic="b/c/{device}")})


def test_an_ignored_topic_of_one_profile_may_not_tie_with_a_topic_of_another() -> None:
    ignoring = profile(ignore=[{"topics": ["x/{zone}/{device}/lwt"], "reason": "no_reading"}])
    load_profiles({"a": ignoring, "b": profile(name="other", topic="x/{zone}/{device}/{what}")})
    with pytest.raises(ConfigError) as caught:
        load_profiles({"a": ignoring, "b": profile(name="other", topic="x/{zone}/b/{device}")})
    assert caught.value.key == "ignore[0].topics[0]"


def test_topics_that_one_profile_ignores_may_overlap_among_themselves() -> None:
    for topics in (["z/bridge/{what...}", "z/{device...}/availability"], ["z/{a}", "z/{b}"]):
        load_profiles({"a": profile(ignore=[{"topics": topics, "reason": "no_reading"}])})


def test_senml_may_ignore_topics_but_no_paths() -> None:
    senml: dict[str, Any] = {"codec": "senml", "time": None}
    load_profiles({"a": profile(**senml, ignore=[{"topics": ["x/{a}"], "reason": "no_reading"}])})
    with pytest.raises(ConfigError, match="SenML"):
        load_profiles({"a": profile(**senml, ignore=[{"path": "a", "equals": 1, "reason": "no_reading"}])})


def test_profiles_are_frozen() -> None:
    (one,) = load_profiles({"thing": profile()})
    with pytest.raises(ValueError, match="frozen"):
        one.name = "other"
