"""Where each slot of a profile stands in a row: those of the record first, then those of the message, then its key.

| quantities | times | key | sequence | scope | ignore | ...outer, then absolute paths of the same... | object key |

A quantity that may stand at several places has as many slots; settle.py makes one value of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.slots import Slot, field_slot, ignore_slot, key_slot, sequence_slot, time_slot
from gateway.codecs.timestamps import Times, time_parser
from gateway.config.paths import Each, Path, Step, parse_path, parse_records_path
from gateway.config.profile_model import FieldSpec, Profile
from gateway.config.units import conversion
from gateway.reasons import Ignored

__all__ = ["Layout", "plan"]


@dataclass(frozen=True, slots=True)
class Layout:
    """The plan of a row. Numbers are places in it; None: the profile has no such slot."""

    relative: tuple[Slot, ...]
    absolute: tuple[Slot, ...]
    records: tuple[Step | Each, ...]
    """Where records are; empty: the message is one record."""
    quantities: tuple[str, ...]
    fields: tuple[int, ...]
    times: tuple[int, ...]
    key: int | None
    sequence: int | None
    scope: int | None
    counted_apart: bool
    """The sequence is not the device's own, so every message's number counts, whatever else is in it."""
    ignore: tuple[tuple[int, bool | float | str | None, Ignored], ...]
    time_of_message: bool
    """Without a usable time the whole message is lost, not only a record."""
    key_of_message: bool
    receipt_where_unusable: bool
    parse_times: Callable[[Sequence[Any]], Times] | None
    """None: no record carries a time."""
    required: NDArray[np.bool_]
    factor: NDArray[np.float64]
    offset: NDArray[np.float64]
    outer: tuple[Slot, ...] = ()
    """Slots of what a record lies in."""
    single: bool = False
    """An object in place of a list is the one record."""
    choices: tuple[tuple[int, tuple[int, ...]], ...] = ()
    """(quantity's number, its places, the first that is there counts) where there are several."""
    own_times: tuple[tuple[int, ...], ...] = ()
    """Places of each quantity's own time; empty where none has one. Settling appends the time that counts to a row."""
    record_times: tuple[int, ...] = ()
    """Where there are own times: the places of the record's."""
    earliest: int | None = None
    """UTC ns; a time before it is none."""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All slots in order of their places, but for the object key."""
        return self.relative + self.outer + self.absolute

    @property
    def unsettled(self) -> bool:
        """Rows are no records yet when they have been read."""
        return bool(self.choices or self.own_times)


def plan(profile: Profile) -> Layout:
    """Lay out the rows of a JSON profile."""
    assert profile.time is not None
    secrets = profile.redact.paths
    identity, sequence = profile.identity, profile.sequence
    named: dict[str, Slot] = {}
    for name, field in profile.fields.items():
        named |= {f"field {name} {k}": slot for k, slot in enumerate(_field_slots(field, secrets))}
        slots = [time_slot(path, profile.time, path in secrets) for path in field.time]
        beside = [parse_path(text) for text in field.path]
        named |= {f"time of {name} {k}": slot for k, slot in enumerate(_softened(slots, beside))}
    times_of_record = [time_slot(path, profile.time, path in secrets) for path in profile.time.path]
    named |= {f"time {k}": slot for k, slot in enumerate(_softened(times_of_record))}
    if identity.path is not None:
        named["key"] = key_slot(identity.path, identity.path in secrets)
    if sequence is not None:
        named["sequence"] = sequence_slot(sequence.path, sequence.default)
        if sequence.scope is not None:
            named["scope"] = key_slot(sequence.scope)
    ignored = [rule for rule in profile.ignore if rule.path is not None]
    for k, rule in enumerate(ignored):
        named[f"ignore {k}"] = ignore_slot(rule)

    records = () if profile.records is None else parse_records_path(profile.records.path).steps
    absolute = {name: slot for name, slot in named.items() if records and slot.path.absolute}
    outer = {name: slot for name, slot in named.items() if slot.path.outer}
    relative = {name: slot for name, slot in named.items() if name not in absolute and name not in outer}
    place = {name: k for k, name in enumerate((*relative, *outer, *absolute))}
    times = tuple(place[f"time {k}"] for k in range(len(profile.time.path)))
    own = tuple(tuple(place[f"time of {n} {k}"] for k in range(len(f.time))) for n, f in profile.fields.items())
    places = [tuple(place[f"field {n} {k}"] for k in range(len(f.path))) for n, f in profile.fields.items()]
    factor, offset = scales(profile)
    with_key = identity.object_key
    return Layout(
        relative=tuple(relative.values()),
        absolute=tuple(absolute.values()),
        records=records,
        quantities=tuple(profile.fields),
        fields=tuple(several[0] for several in places),
        times=(len(place) + with_key,) if any(own) else times,
        key=len(place) if with_key else place.get("key"),
        sequence=place.get("sequence"),
        scope=place.get("scope"),
        counted_apart=sequence is not None and sequence.of is not None,
        ignore=tuple(
            (place[f"ignore {k}"], True if rule.type else rule.equals, rule.reason) for k, rule in enumerate(ignored)
        ),
        time_of_message=not any(own) and (not records or all(at >= len(relative) + len(outer) for at in times)),
        key_of_message=not records or "key" in absolute,
        receipt_where_unusable=profile.time.unusable == "receipt",
        parse_times=time_parser(profile.time) if times or any(own) else None,
        required=np.array([profile.is_required(name) for name in profile.fields]),
        factor=factor,
        offset=offset,
        outer=tuple(outer.values()),
        single=profile.records is not None and profile.records.single,
        choices=tuple((number, several) for number, several in enumerate(places) if len(several) > 1),
        own_times=own if any(own) else (),
        record_times=times if any(own) else (),
        earliest=_utc_ns(profile.time.earliest),
    )


def _field_slots(field: FieldSpec, secrets: Sequence[str]) -> list[Slot]:
    """A slot for each place of a quantity. Only the last knows what an absent one means."""
    slots = [field_slot(field, text in secrets, parse_path(text)) for text in field.path]
    return _softened([*(replace(slot, default=nan) for slot in slots[:-1]), slots[-1]])


def _softened(slots: list[Slot], beside: Sequence[Path] = ()) -> list[Slot]:
    paths = [*beside, *(slot.path for slot in slots)]
    return [replace(slot, soft=any(slot.path.leads_through(other) for other in paths)) for slot in slots]


def _utc_ns(moment: str | None) -> int | None:
    return None if moment is None else int(datetime.fromisoformat(moment).timestamp()) * 1_000_000_000


def scales(profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(factor, offset) a quantity: canonical = clean value * factor + offset."""
    units = [conversion(field.unit or "1", senml=profile.codec == "senml") for field in profile.fields.values()]
    factors = [unit.factor * field.scale for unit, field in zip(units, profile.fields.values(), strict=True)]
    return np.array(factors, np.float64), np.array([unit.offset for unit in units], np.float64)
