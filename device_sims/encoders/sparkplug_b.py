"""Sparkplug B payloads as edge nodes write them, and the one command that they read.

Written from the schema of Eclipse Sparkplug 3.0 (chapter 6), sharing nothing with the gateway's decoder, so that each
keeps the other honest: here every field has its own type, and the schema is of this file. Times are UTC nanoseconds.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

__all__ = ["REBIRTH", "TYPES", "Metric", "asks_for_birth", "encode"]

REBIRTH = "Node Control/Rebirth"
TYPES = {
    "Int8": 1, "Int16": 2, "Int32": 3, "Int64": 4, "UInt8": 5, "UInt16": 6, "UInt32": 7, "UInt64": 8, "Float": 9,
    "Double": 10, "Boolean": 11, "String": 12, "DateTime": 13, "Text": 14, "DataSet": 16, "Bytes": 17, "Template": 19,
}  # fmt: skip
_SCHEMA = """
Payload: optional uint64 timestamp = 1; repeated .sim.Metric metrics = 2; optional uint64 seq = 3;
         optional string uuid = 4; optional bytes body = 5
Metric:  optional string name = 1; optional uint64 alias = 2; optional uint64 timestamp = 3;
         optional uint32 datatype = 4; optional bool is_historical = 5; optional bool is_transient = 6;
         optional bool is_null = 7; oneof uint32 int_value = 10; oneof uint64 long_value = 11;
         oneof float float_value = 12; oneof double double_value = 13; oneof bool boolean_value = 14;
         oneof string string_value = 15; oneof bytes bytes_value = 16; oneof .sim.DataSet dataset_value = 17;
         oneof .sim.Template template_value = 18
DataSet: optional uint64 num_of_columns = 1; repeated string columns = 2; repeated uint32 types = 3
Template: optional string version = 1; repeated .sim.Metric metrics = 2; optional bool is_definition = 5
"""
_MILLISECOND = 1_000_000
_WHOLE_FIELD = {
    **dict.fromkeys(("Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32"), ("int_value", 32)),
    **dict.fromkeys(("Int64", "UInt64", "DateTime"), ("long_value", 64)),
}
_OTHER_FIELD = {
    "Float": "float_value", "Double": "double_value", "Boolean": "boolean_value", "String": "string_value",
    "Text": "string_value", "Bytes": "bytes_value",
}  # fmt: skip


class Metric(NamedTuple):
    """One metric. Births give name, alias and type; data the alias alone, or the name where there is none."""

    type: str
    """A key of TYPES."""
    value: Any
    """None: it says that it has none."""
    name: str | None = None
    alias: int | None = None
    ts: int | None = None
    told: bool = True
    """Whether the data type is written, which data leaves to births."""
    historical: bool = False


def encode(ts: int | None, seq: int | None, metrics: Sequence[Metric]) -> bytes:
    """A payload; without `seq` it is a death or a command."""
    made = _PAYLOAD()
    if ts is not None:
        made.timestamp = ts // _MILLISECOND
    if seq is not None:
        made.seq = seq
    for metric in metrics:
        _fill(made.metrics.add(), metric)
    return bytes(made.SerializeToString())


def asks_for_birth(payload: bytes) -> bool:
    """Whether a command is a request for the births, as the standard has it: by name, true, without alias."""
    command = _PAYLOAD.FromString(payload)
    return any(
        metric.name == REBIRTH and metric.datatype == TYPES["Boolean"] and metric.boolean_value
        for metric in command.metrics
        if not metric.HasField("alias")
    )


def _fill(made: Any, metric: Metric) -> None:
    if metric.name is not None:
        made.name = metric.name
    if metric.alias is not None:
        made.alias = metric.alias
    if metric.ts is not None:
        made.timestamp = metric.ts // _MILLISECOND
    if metric.told:
        made.datatype = TYPES[metric.type]
    if metric.historical:
        made.is_historical = True
    if metric.value is None:
        made.is_null = True
    elif metric.type in _WHOLE_FIELD:
        field, width = _WHOLE_FIELD[metric.type]
        setattr(made, field, metric.value % (1 << width))  # two's complement
    elif metric.type == "DataSet":
        made.dataset_value.columns.append(str(metric.value))
    elif metric.type == "Template":
        made.template_value.version = str(metric.value)
    else:
        setattr(made, _OTHER_FIELD[metric.type], metric.value)


def _payload_class() -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="sim_sparkplug_b.proto", package="sim", syntax="proto2")
    for part in _SCHEMA.strip().replace("\n         ", " ").splitlines():
        name, _, fields = part.partition(":")
        message = file.message_type.add(name=name)
        for text in fields.split(";"):
            label, kind, field, _, number = text.split()
            made = message.field.add(name=field, number=int(number))
            made.label = kinds.LABEL_REPEATED if label == "repeated" else kinds.LABEL_OPTIONAL
            if kind.startswith("."):
                made.type, made.type_name = kinds.TYPE_MESSAGE, kind
            else:
                made.type = getattr(kinds, f"TYPE_{kind.upper()}")
            if label == "oneof":
                if not message.oneof_decl:
                    message.oneof_decl.add(name="value")
                made.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sim.Payload"))


_PAYLOAD = _payload_class()
