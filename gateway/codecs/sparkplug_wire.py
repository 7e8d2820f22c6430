"""Sparkplug B on the wire: protobuf to metrics, with bounds before decode; and the one message that we send.

    Payload  timestamp 1 (ms) | metrics 2 | seq 3 | uuid 4 | body 5
    Metric   name 1 | alias 2 | timestamp 3 (ms) | datatype 4 | is_historical 5 | is_transient 6 | is_null 7
             | metadata 8 | properties 9 | value: int 10, long 11, float 12, double 13, boolean 14, string 15,
               bytes 16, dataset 17, template 18, extension 19

The descriptor is built here, so that no compiler is needed. What we don't read (data sets, templates, properties) is
declared as bytes, which are the same on the wire: nothing in them is parsed, so nothing nests. Texts are bytes too: a
name that is no UTF-8 costs its metric, not the message. A body packed by gzip is unpacked within the bounds.
Source: Eclipse Sparkplug 3.0, chapter 6 (payloads) and its protobuf schema.
"""

from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gateway.codecs.compression import Packing, unpack
from gateway.codecs.tolerant import Unusable
from gateway.config.bounds import Bounds
from gateway.reasons import Rejected

__all__ = ["BOOLEAN", "REBIRTH", "Metric", "Payload", "encode_rebirth", "read_payload"]

REBIRTH = "Node Control/Rebirth"
BOOLEAN = 11
"""Data type of the schema."""
_PACKED = b"SPBV1.0_COMPRESSED"
_ALGORITHM = b"algorithm"
_METRICS = 2
_LONGEST_VARINT = 10
_F = descriptor_pb2.FieldDescriptorProto
_PAYLOAD_FIELDS = (
    ("timestamp", 1, _F.TYPE_UINT64), ("metrics", 2, _F.TYPE_MESSAGE), ("seq", 3, _F.TYPE_UINT64),
    ("uuid", 4, _F.TYPE_BYTES), ("body", 5, _F.TYPE_BYTES),
)  # fmt: skip
_METRIC_FIELDS = (
    ("name", 1, _F.TYPE_BYTES), ("alias", 2, _F.TYPE_UINT64), ("timestamp", 3, _F.TYPE_UINT64),
    ("datatype", 4, _F.TYPE_UINT32), ("is_historical", 5, _F.TYPE_BOOL), ("is_transient", 6, _F.TYPE_BOOL),
    ("is_null", 7, _F.TYPE_BOOL), ("metadata", 8, _F.TYPE_BYTES), ("properties", 9, _F.TYPE_BYTES),
)  # fmt: skip
_VALUE_FIELDS = (
    ("int_value", 10, _F.TYPE_UINT32), ("long_value", 11, _F.TYPE_UINT64), ("float_value", 12, _F.TYPE_FLOAT),
    ("double_value", 13, _F.TYPE_DOUBLE), ("boolean_value", 14, _F.TYPE_BOOL), ("string_value", 15, _F.TYPE_BYTES),
    ("bytes_value", 16, _F.TYPE_BYTES), ("dataset_value", 17, _F.TYPE_BYTES), ("template_value", 18, _F.TYPE_BYTES),
    ("extension_value", 19, _F.TYPE_BYTES),
)  # fmt: skip


class Metric(NamedTuple):
    """One metric as it came."""

    name: str | None
    """None: it has an alias only."""
    alias: int | None
    ts: int | None
    """Its own time, ms."""
    datatype: int
    """0: not said."""
    historical: bool
    kind: str
    """Which value field it has, such as `int_value`; "": none; `null`: it says that it has none."""
    value: Any
    """As protobuf gives it: signed numbers still as unsigned ones, texts as bytes."""


class Payload(NamedTuple):
    """One message."""

    ts: int | None
    """ms."""
    seq: int | None
    metrics: list[Metric]


def read_payload(content: bytes, bounds: Bounds) -> Payload:
    """The metrics of a message. Raises Unusable."""
    if len(content) > bounds.max_payload_bytes:
        detail = f"the payload has {len(content)} bytes, at most {bounds.max_payload_bytes} are taken"
        raise Unusable(Rejected.PAYLOAD_TOO_LARGE, detail)
    message = _parsed(content, bounds)
    if message.HasField("body") and message.uuid == _PACKED:
        message = _parsed(_unpacked(message, bounds), bounds)
    return Payload(
        int(message.timestamp) if message.HasField("timestamp") else None,
        int(message.seq) if message.HasField("seq") else None,
        [_metric(each) for each in message.metrics],
    )


def encode_rebirth(ts_ms: int) -> bytes:
    """The NCMD that asks an edge node for its births: QoS 0, not retained, without alias and seq (spec 6.4.20)."""
    message = _PAYLOAD()
    message.timestamp = ts_ms
    metric = message.metrics.add()
    metric.name, metric.timestamp, metric.datatype, metric.boolean_value = REBIRTH.encode(), ts_ms, BOOLEAN, True
    return bytes(message.SerializeToString())


def _parsed(content: bytes, bounds: Bounds) -> Any:
    _count_metrics(content, bounds.max_records)
    try:
        return _PAYLOAD.FromString(content)
    except DecodeError as error:
        raise Unusable(Rejected.UNREADABLE, "the payload is no Sparkplug B message") from error


def _count_metrics(content: bytes, most: int) -> None:
    """Raise Unusable where a message holds more metrics than `most`: each of some bytes would become an object."""
    at, end, metrics = 0, len(content), 0
    while at < end:
        tag, at = _varint(content, at)
        kind = tag & 7
        if kind == 2:
            length, at = _varint(content, at)
            at += length
            metrics += tag >> 3 == _METRICS
        elif kind == 0:
            _, at = _varint(content, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise Unusable(Rejected.UNREADABLE, f"the payload is no Sparkplug B message: wire type {kind}")
        if metrics > most:
            raise Unusable(Rejected.TOO_MANY_RECORDS, f"the message holds more than {most} metrics")
    if at > end:
        raise Unusable(Rejected.UNREADABLE, "the payload is no Sparkplug B message, or cut short")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(content[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, at + shift + 1
    raise Unusable(Rejected.UNREADABLE, "the payload is no Sparkplug B message, or cut short")


def _unpacked(message: Any, bounds: Bounds) -> bytes:
    named = [each.string_value for each in message.metrics if each.name == _ALGORITHM]
    if named and named[0].upper() != b"GZIP":
        raise Unusable(Rejected.COMPRESSION_BROKEN, "its body is packed by something else than GZIP")
    content = unpack(message.body, Packing.GZIP, bounds)
    if isinstance(content, bytes):
        return content
    raise Unusable(*content)


def _metric(message: Any) -> Metric:
    name: str | None = None
    if message.HasField("name") and message.name:
        name = message.name.decode("utf-8", "replace")
    kind = message.WhichOneof("value") or ""
    value = getattr(message, kind) if kind else None
    if message.is_null:
        kind, value = "null", None
    return Metric(
        name, int(message.alias) if message.HasField("alias") else None,
        int(message.timestamp) if message.HasField("timestamp") else None, int(message.datatype),
        bool(message.is_historical), kind, value,
    )  # fmt: skip


def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="cityloom_sparkplug_b.proto", package="cityloom", syntax="proto2")
    payload, metric = file.message_type.add(name="Payload"), file.message_type.add(name="Metric")
    for name, number, kind in _PAYLOAD_FIELDS:
        repeated = kind == _F.TYPE_MESSAGE
        made = payload.field.add(name=name, number=number, type=kind, label=_F.LABEL_REPEATED if repeated else 1)
        if repeated:
            made.type_name = ".cityloom.Metric"
    metric.oneof_decl.add(name="value")
    for name, number, kind in _METRIC_FIELDS:
        metric.field.add(name=name, number=number, type=kind, label=_F.LABEL_OPTIONAL)
    for name, number, kind in _VALUE_FIELDS:
        metric.field.add(name=name, number=number, type=kind, label=_F.LABEL_OPTIONAL, oneof_index=0)
    pool = descriptor_pool.DescriptorPool()  # of our own: others may have the schema under its usual name
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("cityloom.Payload"))


_PAYLOAD = _message_class()
