"""Blocks: one call's outputs as bytes, the same bytes for the same outputs on every machine.

msgpack of raw little-endian columns, structs as arrays, and the counts sorted by account. The checksum of a call is the
CRC-32 of this encoding. Blocks that wait for long may be packed (gzip).
"""

from typing import Any, TypeVar

import msgspec
import numpy as np
from isal import isal_zlib
from isal.isal_zlib import crc32

from gateway.engine.alarm_model import Transition
from gateway.engine.figures import Figure
from gateway.engine.incidents.incident_model import IncidentChange
from gateway.engine.incidents.report_model import ReportChange
from gateway.engine.results import DeviceRecord, EdgeNote, LedgerKey, Reject, SeriesName, StepResult
from gateway.errors import JournalCorrupt, VersionError
from processors.columns import AggregateBatch, Columns, DirtyPanes, FlagRewrites, ReadingBatch

__all__ = ["checksum", "decode", "encode", "pack", "unpack", "without_readings"]

B = TypeVar("B", bound=Columns)

_FORMAT = 5
_READABLE = (1, 2, 3, 4, 5)
"""1 had no transitions, 2 no figures, 3 no reports and incidents, 4 no notes on edge nodes."""


class _Body(msgspec.Struct, array_like=True, gc=False):
    format: int
    readings: list[bytes]
    rewrites: list[bytes]
    aggregates: list[bytes]
    dirty: list[bytes]
    rejects: list[Reject]
    series: list[SeriesName]
    devices: list[DeviceRecord]
    counts: list[tuple[LedgerKey, int]]
    transitions: list[Transition] = []
    figures: list[Figure] = []
    reports: list[ReportChange] = []
    incidents: list[IncidentChange] = []
    edges: list[EdgeNote] = []


_READINGS = _Body.__struct_fields__.index("readings")
_GZIP = 31
"""zlib's number for the format."""
_PACKED = b"\x1f\x8b"
"""How gzip begins and msgpack's arrays don't."""
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Body)


def encode(result: StepResult) -> bytes:
    """The bytes of a block.

    Raises:
        TypeError: a column has another dtype than its batch declares.
    """
    block = _Body(
        format=_FORMAT,
        readings=_pack(result.readings),
        rewrites=_pack(result.rewrites),
        aggregates=_pack(result.aggregates),
        dirty=_pack(result.dirty),
        rejects=list(result.rejects),
        series=list(result.series),
        devices=list(result.devices),
        counts=sorted(result.counts.items()),
        transitions=list(result.transitions),
        figures=list(result.figures),
        reports=list(result.reports),
        incidents=list(result.incidents),
        edges=list(result.edges),
    )
    return _ENCODER.encode(block)


def checksum(result: StepResult) -> int:
    """The checksum of a call that gave `result`."""
    return crc32(encode(result))


def decode(body: bytes) -> StepResult:
    """The outputs that `encode` was given; columns are read-only, sequences are lists.

    Raises:
        JournalCorrupt: it is no block.
        VersionError: of a format that only a newer version knows.
    """
    try:
        block = _DECODER.decode(unpack(body))
        if block.format not in _READABLE:
            raise VersionError(
                f"A block of the outbox has format {block.format}, this CityLoom knows {_FORMAT}.",
                "Install the version that wrote it, or a newer one.",
            )
        return StepResult(
            readings=_unpack(ReadingBatch, block.readings),
            rewrites=_unpack(FlagRewrites, block.rewrites),
            aggregates=_unpack(AggregateBatch, block.aggregates),
            dirty=_unpack(DirtyPanes, block.dirty),
            rejects=block.rejects,
            series=block.series,
            devices=block.devices,
            counts=dict(block.counts),
            transitions=block.transitions,
            figures=block.figures,
            reports=block.reports,
            incidents=block.incidents,
            edges=block.edges,
        )
    except (msgspec.DecodeError, ValueError) as error:
        raise JournalCorrupt(f"a block can't be read ({error}).") from error


def pack(body: bytes) -> bytes:
    """The block in a fifth of the room; `unpack` gives it back."""
    return body if body.startswith(_PACKED) else isal_zlib.compress(body, 1, _GZIP)


def unpack(body: bytes) -> bytes:
    """What `pack` was given; a block that is not packed as it is.

    Raises:
        JournalCorrupt: not a block.
    """
    if not body.startswith(_PACKED):
        return body
    try:
        return isal_zlib.decompress(body, _GZIP)
    except isal_zlib.error as error:  # type: ignore[misc]  # the stub does not say that it is an exception
        raise JournalCorrupt(f"a block can't be unpacked ({error}).") from error


def without_readings(body: bytes) -> tuple[ReadingBatch, bytes]:
    """The readings of a block, and the same block without them; all else stays as it is, to the byte.

    Raises:
        JournalCorrupt: not a block.
    """
    try:
        parts = msgspec.msgpack.decode(unpack(body), type=list[msgspec.Raw])
        readings = _unpack(ReadingBatch, msgspec.msgpack.decode(parts[_READINGS], type=list[bytes]))
    except (msgspec.DecodeError, ValueError, IndexError) as error:
        raise JournalCorrupt(f"a block can't be read ({error}).") from error
    parts[_READINGS] = msgspec.Raw(_ENCODER.encode([]))
    return readings, _ENCODER.encode(parts)


def _pack(batch: Columns) -> list[bytes]:
    if not len(batch):
        return []
    columns = []
    for name, dtype in batch.DTYPES.items():
        array = getattr(batch, name)
        if array.dtype != dtype:
            raise TypeError(f"{type(batch).__name__}.{name} is {array.dtype}, not {dtype}")
        columns.append(array.astype(_little(dtype), copy=False).tobytes())
    return columns


def _unpack(kind: type[B], columns: list[bytes]) -> B:
    if not columns:
        return kind.empty()
    arrays: dict[str, Any] = {
        name: np.frombuffer(data, _little(dtype)).astype(dtype, copy=False)
        for (name, dtype), data in zip(kind.DTYPES.items(), columns, strict=True)
    }
    if len({len(array) for array in arrays.values()}) != 1:
        raise ValueError(f"columns of {kind.__name__} differ in length")
    return kind(**arrays)


def _little(dtype: str) -> np.dtype[Any]:
    return np.dtype(dtype).newbyteorder("<")
