"""Which connections there are, and what each keeps when the configuration changes."""

import re
from typing import Any

from gateway.config.connections import canary_topic_of, connections_of, share_name_of, shared_filters
from gateway.config.load import load_settings
from gateway.config.sections import SourceSettings


def _sources(*tables: dict[str, Any], **mqtt: Any) -> tuple[SourceSettings, ...]:
    return load_settings(None, {"mqtt": mqtt, "sources": list(tables)}).sources


def _of(sources: tuple[SourceSettings, ...], *noted: str, **numbers: int) -> list[tuple[int, str, str, bool]]:
    return [(c.number, c.name, c.client_id, c.retired) for c in connections_of(sources, noted, numbers)]


def _numbers(sources: tuple[SourceSettings, ...], before: dict[str, int]) -> dict[str, int]:
    return {c.name: c.number for c in connections_of(sources, (), before)}


def test_a_source_is_one_connection_under_its_own_name() -> None:
    assert _of(_sources()) == [(0, "main", "cityloom", False)]


def test_several_connections_of_a_source_have_numbers_names_and_client_ids_of_their_own() -> None:
    two = _sources({"name": "a", "filters": ["a/#"]}, {"name": "b", "filters": ["b/#"]}, connections=2)
    assert _of(two) == [
        (0, "a", "cityloom-a", False), (254, "a-2", "cityloom-a-2", False),
        (1, "b", "cityloom-b", False), (253, "b-2", "cityloom-b-2", False),
    ]  # fmt: skip


def test_the_first_connection_keeps_number_and_session_when_others_join_it() -> None:
    assert _of(_sources())[0] == _of(_sources(connections=3))[0]


def test_a_connection_that_is_no_longer_wanted_is_retired_under_its_old_number() -> None:
    before = _of(_sources(connections=3))
    after = _of(_sources(), "main", "main-2", "main-3")
    assert [each[:3] for each in before] == [each[:3] for each in after]
    assert [each[3] for each in after] == [False, True, True]
    assert _of(_sources(), "main", "main-3") == [after[0], after[2]]  # the second holds nothing any more


def test_a_number_stays_with_its_name_whatever_the_others_do() -> None:
    a, b, c = ({"name": name, "filters": [f"{name}/#"]} for name in "abc")
    before = _numbers(_sources(a, b, connections=2), {})
    assert before == {"a": 0, "a-2": 254, "b": 1, "b-2": 253}
    after = _numbers(_sources(c, b, a, connections=3), before)
    assert after.items() >= before.items()
    assert len(set(after.values())) == 9
    assert _numbers(_sources(b), before) == {"b": 1}
    assert _numbers(_sources(c), before) == {"c": 2}  # nobody gets what was a's


def test_where_no_number_is_left_those_of_connections_that_are_gone_go_first() -> None:
    before = {f"gone-{k}": k for k in range(1, 254)} | {"main": 0}
    after = _numbers(_sources(connections=4), before)
    assert after["main"] == 0
    assert len(set(after.values())) == 4
    twice = _numbers(_sources(connections=2), {"main": 7, "main-2": 7})
    assert twice["main"] == 7
    assert twice["main-2"] != 7


def test_names_that_are_no_numbered_connections_retire_nothing() -> None:
    noted = ("main", "other", "other-2", "main-02", "main-x", "main-", "main-2-3")
    assert _of(_sources(), *noted) == [(0, "main", "cityloom", False)]
    two = _sources({"name": "main", "filters": ["a/#"]}, {"name": "main-2", "filters": ["b/#"]})
    assert [each[1] for each in _of(two, "main", "main-2")] == ["main", "main-2"]


def test_several_connections_share_under_the_client_id_unless_a_name_is_given() -> None:
    assert [share_name_of(s) for s in _sources()] == [""]
    assert [share_name_of(s) for s in _sources(connections=2)] == ["cityloom"]
    assert [share_name_of(s) for s in _sources(connections=2, share_name="loom")] == ["loom"]
    assert [share_name_of(s) for s in _sources(share_name="loom")] == ["loom"]  # with other gateways


def test_filters_that_are_shared_already_stay_as_they_are() -> None:
    shared, given = shared_filters(["a/#", "$share/g/b/#"], "loom")
    assert re.fullmatch(r"\$share/loom\.[0-9a-f]{8}/a/#", shared)
    assert given == "$share/g/b/#"
    assert shared_filters(["a/#"], "") == ("a/#",)


def test_each_filter_has_a_name_of_its_own_that_depends_on_no_other_filter() -> None:
    a, b = shared_filters(["a/#", "b/#"], "loom")
    assert a.split("/")[1] != b.split("/")[1]
    assert shared_filters(["b/#"], "loom") == (b,)


def test_each_connection_has_a_canary_topic_of_one_level_for_its_client_id() -> None:
    sources = _sources(client_id="city/loom+#", connections=2, share_name="s")
    assert [canary_topic_of(each) for each in connections_of(sources)] == [
        "cityloom/canary/city_loom__", "cityloom/canary/city_loom__-2",
    ]  # fmt: skip
    assert [canary_topic_of(each) for each in connections_of(_sources(canary="off"))] == [""]
    retired = connections_of(_sources(), ["main-2"])[1]
    assert canary_topic_of(retired) == ""
