"""What a reload would change, in the words of the files."""

from typing import Any

from gateway.config.content import Device, EngineContent
from gateway.config.differences import Configuration, Differences, differences
from gateway.config.live_options import in_force
from gateway.config.load import load_settings
from gateway.config.settings import Settings
from tests.support.conditions import LEL, PROFILES, device, made_of


def _settings(**given: Any) -> Settings:
    return load_settings(None, given)


def _found(before: EngineContent, after: EngineContent, ours: Settings | None = None,
           theirs: Settings | None = None) -> Differences:  # fmt: skip
    ours, theirs = ours or _settings(), theirs or _settings()
    effective, kept = in_force(ours, theirs)
    return differences(Configuration(ours, before), Configuration(effective, after), theirs, kept)


def test_the_same_is_no_difference() -> None:
    found = _found(made_of(LEL), made_of(LEL))
    assert not found
    assert not found.live
    assert found.summary() == {}


def test_things_with_names_came_went_or_are_others_by_key() -> None:
    before = made_of(LEL, {**LEL, "name": "gas.old"}, devices=[device("a", "gas"), device("b", "gas")])
    wider = [{**PROFILES[0], "fields": {**PROFILES[0]["fields"], "h2s": {"path": "h2s", "unit": "ppm"}}}, *PROFILES[1:]]
    moved = Device("b", "gas", ("b",), "b", None, None, "", "", "")
    after = made_of(
        {**LEL, "high": [10, 25, 50]}, {**LEL, "name": "gas.new"}, devices=[moved, device("c", "gas")], profiles=wider,
        zones=("a", "b", "c"),
    )  # fmt: skip
    found = _found(before, after)
    assert (found.conditions.added, found.conditions.removed) == (["gas.new"], ["gas.old"])
    [change] = found.conditions.changed["gas.lel"]
    assert (change.key, change.before, change.after) == ("high", [20, 25, 50], [10, 25, 50])
    assert (found.devices.added, found.devices.removed) == (["c"], ["a"])
    assert [(c.key, c.before, c.after) for c in found.devices.changed["b"]] == [("zone", "a", "b")]
    [change] = found.profiles.changed["gas"]
    assert (change.key, change.before, change.after) == ("fields.h2s", None, {"path": "h2s", "unit": "ppm"})
    assert found.zones.added == ["c"]


def test_a_source_that_has_it_from_mqtt_is_not_told_beside_it() -> None:
    same = made_of(LEL)
    found = _found(same, same, _settings(), _settings(mqtt={"port": 99, "filters": ["x/#"]}))
    assert [change.key for change in found.restart] == ["mqtt.port"]
    assert [change.key for change in found.options] == ["mqtt.filters"]
    assert found.subscriptions.added == ["main: x/#"]


def test_secrets_are_compared_and_never_shown() -> None:
    same = made_of(LEL)
    hook = {"name": "h", "url": "https://h.example/x", "secret": "one secret text"}
    route = {"name": "r", "channels": ["h"]}
    ours = _settings(notify={"webhooks": [hook], "routes": [route]})
    theirs = _settings(notify={"webhooks": [{**hook, "secret": "another secret"}], "routes": [route]})
    found = _found(same, same, ours, theirs)
    assert [(c.key, c.before, c.after) for c in found.options] == [("notify.webhooks[h].secret", "***", "***")]
    assert "secret text" not in str(found.as_dict())


def test_a_summary_says_how_many_where_there_are_many() -> None:
    before, after = made_of(LEL), made_of(LEL, devices=[device(f"d{k:03}", "gas") for k in range(50)])
    summary = _found(before, after).summary()
    assert summary["devices"]["added"][-1] == "and 40 more"
    assert len(summary["devices"]["added"]) == 11
