"""SenML (RFC 8428): a list of records whose base fields carry over to those behind them. CBOR comes by senml_cbor.py.

    name  = bn + n      the part that is a field's path in the profile is the quantity, the rest is the device's key
    time  = bt + t      seconds; below 2**28 they count from receipt, and 0 is receipt itself
    value = bv + v      or vb for booleans, vs for texts; records with a sum only carry no reading
    unit  = u or bu     must be the field's unit; where there is none, the field's unit is assumed

    ut    = update time      the device's next reading comes within so many seconds: told of the row

Values of one device and one time share a row. Source: RFC 8428 sections 4 and 5; units: RFC 8428 12.1, RFC 8798.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np

from gateway.codecs.layout import Layout, scales
from gateway.codecs.slots import Bad, Slot, field_slot, key_slot, shown
from gateway.codecs.timestamps import RECEIPT, Times, decimal_ns
from gateway.codecs.tolerant import Document, Unusable, parse_json
from gateway.config.paths import Each, Path
from gateway.config.profile_model import Profile
from gateway.reasons import Invalid, Rejected

__all__ = ["SenmlReader", "plan_senml"]

_VERSION = 10
_RELATIVE_BELOW = (1 << 28) * 1_000_000_000
_SECOND = 1_000_000_000
_LONGEST_BASE_NAME = 1024
"""Characters; with it, each record's name is put together anew."""
_VALUES = ("v", "vs", "vb", "vd")
_SEPARATORS = (":", "/", "-", "_", ".")


def plan_senml(profile: Profile) -> Layout:
    """Lay out the rows of a SenML profile: quantities, time, key."""
    slots = _slots(profile)
    width = len(slots)
    factor, offset = scales(profile)
    return Layout(
        relative=(*slots, key_slot("t"), key_slot("bn")),
        absolute=(),
        records=(Each.ELEMENT,),
        quantities=tuple(profile.fields),
        fields=tuple(range(width)),
        times=(width,),
        key=width + 1 if profile.identity.base_name else None,
        sequence=None,
        scope=None,
        counted_apart=False,
        ignore=(),
        time_of_message=False,
        key_of_message=False,
        receipt_where_unusable=False,
        parse_times=_as_they_are,
        required=np.zeros(width, np.bool_),
        factor=factor,
        offset=offset,
    )


def _as_they_are(values: Any) -> Times:
    return np.array(values, np.int64), np.ones(len(values), np.bool_)


def _slots(profile: Profile) -> tuple[Slot, ...]:
    names = [field.path[0] for field in profile.fields.values()]
    paths = [Path(name or "the base name", (name,), absolute=False) for name in names]
    return tuple(field_slot(f, path=path) for f, path in zip(profile.fields.values(), paths, strict=True))


@dataclass(slots=True)
class _Base:
    """What carries over from record to record."""

    name: str = ""
    time: int = 0
    unit: str | None = None
    value: float | None = None
    summed: bool = False


def _parse_json(payload: bytes, max_records: int) -> Any:
    return parse_json(payload)


class SenmlReader:
    """Reads packs by the fields of one profile. Never called concurrently."""

    def __init__(self, profile: Profile, max_records: int, parse: Callable[[bytes, int], Any] = _parse_json) -> None:
        self._max_records = max_records
        self._parse = parse
        self._keyed = profile.identity.base_name
        self._slots = _slots(profile)
        self._units = [field.unit for field in profile.fields.values()]
        self._types = [field.type for field in profile.fields.values()]
        self._by_name: dict[str, list[int]] = {}
        for number, field in enumerate(profile.fields.values()):
            self._by_name.setdefault(field.path[0], []).append(number)
        self._longest_first = sorted(self._by_name, key=len, reverse=True)

    def read(self, payload: bytes, receipt: int | None) -> Document:
        """The rows of a pack. Raises Unusable."""
        pack = self._parse(payload, self._max_records)
        if not isinstance(pack, list):
            raise Unusable(Rejected.WRONG_SHAPE, f"the document is {shown(pack)}, not a list of SenML records")
        if len(pack) > self._max_records:
            raise Unusable(Rejected.TOO_MANY_RECORDS, f"the message holds more than {self._max_records} records")
        found, base = Document(), _Base()
        rows: list[list[Any]] = []
        open_rows: dict[tuple[str, Any], int] = {}
        filled: set[tuple[int, int]] = set()
        for record in pack:
            if not isinstance(record, dict):
                found.broken.append((Bad(Invalid.RECORD_SHAPE, f"a record is {shown(record)}, not an object"), None))
                continue
            _check_labels(record)
            _carry_over(record, base)
            self._record(record, base, receipt, rows, open_rows, filled, found)
        found.rows = [tuple(row) for row in rows]
        return found

    def _record(
        self, record: dict[str, Any], base: _Base, receipt: int | None, rows: list[list[Any]],
        open_rows: dict[tuple[str, Any], int], filled: set[tuple[int, int]], found: Document,
    ) -> None:  # fmt: skip
        name = record.get("n", "")
        if not isinstance(name, str):
            found.broken.append((Bad(Invalid.RECORD_SHAPE, f"n is {shown(name)}, not a text"), None))
            return
        key, path = self._split(base.name, name)
        if path is None:
            return  # a name that the profile doesn't know
        given = [label for label in _VALUES if label in record]
        if not given and (base.value is None or "n" not in record):
            if "n" in record and "s" not in record and not base.summed:
                bad = Bad(Invalid.RECORD_SHAPE, f"{shown(name)} has no value")
                found.broken.append((bad, key if self._keyed and key else None))
            return
        number, value = self._value(record, given, self._by_name[path], base)
        width = len(self._slots)
        ts = _time(record.get("t", 0), base, receipt)
        r = open_rows.get((key, ts))
        # a second value of one quantity at one time is a reading of its own
        if r is None or (r, number) in filled:
            r = open_rows[key, ts] = len(rows)
            rows.append([nan] * width + [ts, key or None])
        filled.add((r, number))
        within = record.get("ut")
        if isinstance(within, int | float) and not isinstance(within, bool) and 0 < within < inf:
            found.within[r] = min(float(within), found.within.get(r, inf))
        if isinstance(value, Bad):
            found.bad.append((r, number, value))
        else:
            rows[r][number] = value

    def _split(self, base_name: str, name: str) -> tuple[str, str | None]:
        """(device key, path of a field); the path is None where the name is no field's."""
        if name in self._by_name:
            return base_name, name
        full = base_name + name
        for path in self._longest_first:
            key = full[: len(full) - len(path)]
            if full.endswith(path) and (not path or key.endswith(_SEPARATORS)):
                return key, path
        return full, None

    def _value(
        self, record: dict[str, Any], given: list[str], numbers: list[int], base: _Base
    ) -> tuple[int, float | Bad | None]:
        unit = record.get("u", base.unit)
        number = next((k for k in numbers if unit is None or self._units[k] in ("", unit)), None)
        if number is None:
            wanted = " or ".join(self._units[k] for k in numbers)
            return numbers[0], Bad(Invalid.UNIT_MISMATCH, f"its unit is {shown(unit)}, not {wanted}")
        if len(given) > 1:
            return number, Bad(Invalid.WRONG_TYPE, f"it has several values: {', '.join(given)}")
        label = given[0] if given else "v"
        wanted_labels = {"boolean": ("vb",), "enum": ("vs",), "numeric_string": ("v", "vs")}
        if label not in wanted_labels.get(self._types[number], ("v",)):
            return number, Bad(Invalid.WRONG_TYPE, f"its value is in {label}, but it is a {self._types[number]}")
        value = self._slots[number].clean(record.get(label, 0))
        if label == "v" and isinstance(value, float) and base.value is not None:
            value += base.value
        return number, value


def _check_labels(record: dict[str, Any]) -> None:
    for label in record:
        if label.endswith("_"):
            raise Unusable(Rejected.SENML_UNKNOWN_FIELD, f"the label {shown(label)} must be understood, and isn't")
    version = record.get("bver", _VERSION)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 < version <= _VERSION:
        raise Unusable(Rejected.SENML_VERSION, f"bver is {shown(version)}, {_VERSION} is the newest understood")


def _carry_over(record: dict[str, Any], base: _Base) -> None:
    for label, kind in (("bn", str), ("bu", str), ("bt", (int, float)), ("bv", (int, float))):
        value = record.get(label, "" if kind is str else 0)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Unusable(Rejected.WRONG_SHAPE, f"{label} is {shown(value)}, which no base field may be")
    base.name = record.get("bn", base.name)
    if len(base.name) > _LONGEST_BASE_NAME:
        detail = f"bn has {len(base.name)} characters, at most {_LONGEST_BASE_NAME} are taken"
        raise Unusable(Rejected.IDENTITY_INVALID, detail)
    base.unit = record.get("bu", base.unit)
    base.summed = base.summed or "bs" in record
    if "bv" in record:
        base.value = _finite(record["bv"], "bv")
    if "bt" in record:
        time = _ns(record["bt"])
        if time is None:
            raise Unusable(Rejected.TIME_INVALID, "bt is no time that can be held")
        base.time = time


def _finite(value: float, label: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise Unusable(Rejected.WRONG_SHAPE, f"{label} is beyond what a number can hold") from error


def _ns(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return decimal_ns(value, _SECOND)
    return value * _SECOND if abs(value) < 1 << 32 else None


def _time(value: Any, base: _Base, receipt: int | None) -> int | Bad:
    own = _ns(value)
    if own is None:
        return Bad(Invalid.RECORD_TIME_INVALID, f"t is {shown(value)}, no time in seconds")
    time = base.time + own
    if time >= _RELATIVE_BELOW:
        return time
    if time == 0:
        return RECEIPT
    if receipt is None:
        return Bad(Invalid.RECORD_TIME_INVALID, "the time counts from receipt, which is not known")
    return receipt + time
