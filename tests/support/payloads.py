"""What a simulated device wrote, read by its format and without the gateway: enough to know whether it can be read."""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import cbor2
import pyarrow as pa

from device_sims.fleet.message import Message

__all__ = ["said", "unpacked"]

_LINE = re.compile(r"[a-z]+(?:,[a-z]+=(?:[^\\,= ]|\\.)+)* [a-z]+=[^ ]+ -?[0-9]+")


def unpacked(payload: bytes) -> bytes:
    """The content of a packed payload; another one as it is."""
    if payload.startswith(b"\x1f\x8b"):
        return gzip.decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        with pa.CompressedInputStream(pa.BufferReader(payload), "zstd") as stream:
            return bytes(stream.read())
    return zlib.decompress(payload) if payload.startswith(b"\x78\x9c") else payload


def said(message: Message) -> Any:
    """The document, or the records of a format of lines.

    Raises:
        ValueError: it can't be read.
    """
    try:
        return _READ.get(message.profile, json.loads)(unpacked(message.payload))
    except (ValueError, EOFError, cbor2.CBORDecodeError) as error:
        raise ValueError(f"unreadable: {error}") from error


def _csv(content: bytes) -> list[list[str]]:
    rows = list(csv.reader(content.decode().splitlines(), delimiter=";"))
    if any(len(row) != 4 for row in rows):
        raise ValueError("not a date, a time and two values")
    return rows


def _lines(content: bytes) -> list[str]:
    lines = content.decode().splitlines()
    if not all(map(_LINE.fullmatch, lines)):
        raise ValueError("a line is none")
    return lines


def _groups(content: bytes) -> list[list[str]]:
    groups = [group.split("|") for group in content.decode().split("#")]
    if any(len(parts) < 3 or not len(parts) % 2 for parts in groups):
        raise ValueError("a group has no time and pairs")
    return groups


_READ: Mapping[str, Callable[[bytes], Any]] = {
    "noise-logger": _csv,
    "weather-station": _lines,
    "fiware-ul": _groups,
    "air-monitor": cbor2.loads,
}
