"""Where each slot of a profile stands in a row: those of the record first, then those of the message, then its key.

| quantities | times | key | sequence | scope | ignore | ...the same with absolute paths... | object key |
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.codecs.slots import Slot, field_slot, ignore_slot, key_slot, sequence_slot, time_slot
from gateway.codecs.timestamps import Times, time_parser
from gateway.config.paths import Each, Step, parse_records_path
from gateway.config.profile_model import Profile
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

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All slots in order of their places, but for the object key."""
        return self.relative + self.absolute


def plan(profile: Profile) -> Layout:
    """Lay out the rows of a JSON profile."""
    assert profile.time is not None
    secrets = profile.redact.paths
    identity, sequence = profile.identity, profile.sequence
    named: dict[str, Slot] = {f"field {name}": field_slot(f, f.path in secrets) for name, f in profile.fields.items()}
    for k, path in enumerate(profile.time.path):
        named[f"time {k}"] = time_slot(path, profile.time, path in secrets)
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
    relative = {name: slot for name, slot in named.items() if not (records and slot.path.absolute)}
    absolute = {name: slot for name, slot in named.items() if name not in relative}
    place = {name: k for k, name in enumerate((*relative, *absolute))}
    times = tuple(place[f"time {k}"] for k in range(len(profile.time.path)))
    factor, offset = scales(profile)
    return Layout(
        relative=tuple(relative.values()),
        absolute=tuple(absolute.values()),
        records=records,
        quantities=tuple(profile.fields),
        fields=tuple(place[f"field {name}"] for name in profile.fields),
        times=times,
        key=len(place) if identity.object_key else place.get("key"),
        sequence=place.get("sequence"),
        scope=place.get("scope"),
        counted_apart=sequence is not None and sequence.of is not None,
        ignore=tuple((place[f"ignore {k}"], rule.equals, rule.reason) for k, rule in enumerate(ignored)),
        time_of_message=not records or all(at >= len(relative) for at in times),
        key_of_message=not records or "key" in absolute,
        receipt_where_unusable=profile.time.unusable == "receipt",
        parse_times=time_parser(profile.time) if times else None,
        required=np.array([profile.is_required(name) for name in profile.fields]),
        factor=factor,
        offset=offset,
    )


def scales(profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(factor, offset) a quantity: canonical = clean value * factor + offset."""
    units = [conversion(field.unit or "1", senml=profile.is_senml) for field in profile.fields.values()]
    factors = [unit.factor * field.scale for unit, field in zip(units, profile.fields.values(), strict=True)]
    return np.array(factors, np.float64), np.array([unit.offset for unit in units], np.float64)
