"""The AsyncAPI document: its structure, and that what is published is what it says."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.api.asyncapi import async_document
from gateway.live.events import Kind, LiveEvent
from gateway.live.publisher import live_topic
from tests.support.api_server import ApiServer
from tests.support.running import settings_of


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return async_document(settings_of(Path(tmp_path_factory.mktemp("asyncapi")), 1), "1.2.3")


def _resolved(document: dict[str, Any], ref: dict[str, str]) -> Any:
    found: Any = document
    for name in ref["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def _fits(document: dict[str, Any], kind: str, payload: Any) -> None:
    schema = {**_resolved(document, document["components"]["messages"][kind]["payload"])}
    validator = jsonschema_rs.validator_for({**schema, "components": document["components"]})
    errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(payload)]
    assert errors == []


def test_it_has_the_parts_of_asyncapi_3(document: dict[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert document["info"]["version"] == "1.2.3"
    assert set(document) <= {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    for operation in document["operations"].values():
        assert operation["action"] == "send"
        channel = _resolved(document, operation["channel"])
        named = {part[1:-1] for part in channel["address"].split("/") if part.startswith("{")}
        assert named == set(channel["parameters"])
        for message in channel["messages"].values():
            assert _resolved(document, message)["payload"]
        mqtt = operation["bindings"]["mqtt"]
        assert (mqtt["qos"], mqtt["retain"]) in {(0, True), (1, True)}


def test_its_channels_are_the_topics_that_are_published(document: dict[str, Any]) -> None:
    assert set(document["channels"]) == {str(kind) for kind in Kind} - {str(Kind.GAP)}
    for name, channel in document["channels"].items():
        levels = tuple(channel["parameters"])
        topic = live_topic("cityloom/live", LiveEvent(1, Kind(name), levels, "", {}))
        assert topic == channel["address"].replace("{", "").replace("}", "")


def test_examples_fit(document: dict[str, Any]) -> None:
    for name, message in document["components"]["messages"].items():
        assert message["examples"]
        for each in message["examples"]:
            _fits(document, name, each["payload"])


def test_what_a_gateway_tells_fits(document: dict[str, Any], server: ApiServer) -> None:
    async def told() -> list[LiveEvent]:
        hub = server.gateway.live_parts.hub
        subscription = hub.subscribe()
        hub.refresh()
        out = [*hub.alarm_states()]
        while (event := subscription.take()) is not None:
            out.append(event)
        return out

    events = server.run(told())
    assert {event.kind for event in events} >= {Kind.ALARM}
    for event in events:
        if event.kind is not Kind.GAP:
            _fits(document, str(event.kind), event.data)
