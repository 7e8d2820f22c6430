"""The AsyncAPI 3.0 document of the MQTT side: the live topics, made from the names that the publisher uses."""

from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.api.models.base import Document
from gateway.api.models.live import AggregateEvent, AlarmEvent, LatestEvent
from gateway.config.settings import Settings
from gateway.live.events import Kind

__all__ = ["async_document"]

_LEVELS = {
    "zone": "Zone of the device or alarm; - where it lies in none.",
    "device": "Id of the device.",
    "step": "Length of the window, such as 1m.",
    "condition": "Name of the condition, such as gas.lel.",
    "asset": "Asset, device or zone that the alarm is about.",
}
_CHANNELS: dict[Kind, tuple[type[Document], tuple[str, ...], int, str]] = {
    Kind.LATEST: (LatestEvent, ("zone", "device"), 0, "The newest reading of every quantity of a device"),
    Kind.AGGREGATE: (AggregateEvent, ("zone", "device", "step"), 0, "The newest window of every quantity of a device"),
    Kind.ALARM: (
        AlarmEvent,
        ("zone", "condition", "asset"),
        1,
        "Where an alarm stands; one that is over stays",
    ),
}
_DESCRIPTION = """\
What goes on right now, retained, so that who subscribes knows at once where everything stands. In names `/ + #`, a
leading `$` and a `%` that would read as an escape are percent escapes. Times are RFC 3339 in UTC, to the nanosecond.
The same is at /api/v1/live as server-sent events, with filters. Published where `[live.mqtt] enabled` is on, at the
broker of `[mqtt]`.
"""


def async_document(settings: Settings, version: str) -> dict[str, Any]:
    """The document. It names no broker: who may read it need not know where that is."""
    prefix = settings.live.mqtt.topic
    refs, schemas = models_json_schema(
        [(model, "serialization") for model, *_ in _CHANNELS.values()], ref_template="#/components/schemas/{model}"
    )
    channels, operations, messages = dict[str, Any](), dict[str, Any](), dict[str, Any]()
    for kind, (model, levels, qos, words) in _CHANNELS.items():
        name = str(kind)
        channels[name] = {
            "address": "/".join((prefix, name, *(f"{{{level}}}" for level in levels))), "description": words,
            "parameters": {level: {"description": _LEVELS[level]} for level in levels},
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }  # fmt: skip
        operations[f"publish_{name}"] = {
            "action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": words,
            "bindings": {"mqtt": {"qos": qos, "retain": True, "bindingVersion": "0.2.0"}},
        }  # fmt: skip
        shown: Any = model.model_config["json_schema_extra"]
        messages[name] = {
            "name": name, "contentType": "application/json", "payload": refs[model, "serialization"],
            "examples": [{"payload": each} for each in shown["examples"]],
        }  # fmt: skip
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "CityLoom, live on MQTT", "version": version, "description": _DESCRIPTION},
        "defaultContentType": "application/json", "channels": channels, "operations": operations,
        "components": {"messages": messages, "schemas": schemas["$defs"]},
    }  # fmt: skip
