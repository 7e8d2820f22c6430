"""What a stopped gateway left behind, in a form in which two runs of the same messages can be compared."""

import math
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config.load import load_settings
from gateway.runtime.desk import Desk
from gateway.runtime.offices import file_office
from gateway.stores.base import SeriesId, Store
from gateway.stores.records import LetterFilter, RecordsStore
from processors.columns import STATS

__all__ = ["Contents", "Outcome", "differences", "outcome_of"]

_FOREVER = 1 << 62
_STEPS = (10, 60, 900, 3600, 86400)


@dataclass(slots=True)
class Contents:
    """Of one store. Numbers are compared by their bits, so that NaN equals NaN and 0.0 does not equal -0.0."""

    readings: dict[tuple[str, str, int], tuple[bytes, int]] = field(default_factory=dict)
    """(device, quantity, ns): value and flag."""
    aggregates: dict[tuple[str, str, int, int], tuple[bytes, ...]] = field(default_factory=dict)
    """(device, quantity, step, start): statistics of the latest revision, without its number."""
    revised: int = 0
    """Windows of which there is more than one revision."""


@dataclass(slots=True)
class Outcome:
    """Of one run."""

    stores: dict[str, Contents]
    ledger: dict[str, Any]
    verify: dict[str, Any]
    letters: Counter[tuple[str, str, bytes]]
    """Dead letters: (reason, topic, payload)."""
    devices: dict[str, tuple[str, str, str]]
    """Profile, zone and state of each device."""

    @property
    def journaled(self) -> int:
        """Messages received and not redelivered."""
        messages = self.ledger["messages"]
        return int(messages["received"] - messages["redelivered"])

    def sums(self) -> dict[str, Any]:
        """The figures of the ledger that must not depend on timing."""
        readings, beside = self.ledger["readings"], self.ledger["beside"]
        # equal readings count as duplicate while their pane is open and as accepted when it has closed
        settled = readings["accepted"] + readings["duplicate"] + readings["conflict"]
        terms = {term: readings[term] for term in ("decoded", "quarantined", "expired", "invalid", "conflict")}
        messages = {term: self.ledger["messages"][term] for term in ("decoded", "ignored", "rejected", "shed")}
        return {
            "journaled": self.journaled, "settled": settled, "missing": beside.get("missing", 0),
            "readings": terms, "messages": messages, "reasons": self.ledger["reasons"],
        }  # fmt: skip


async def outcome_of(config: Path) -> Outcome:
    """Read everything, from the files and the databases of a gateway that doesn't run."""
    settings = load_settings(config, {})
    async with file_office(settings, settings.clock.build()) as office:
        desk = Desk(office)
        names = [SeriesId(name.device, name.quantity) for name in office.outbox.series_names(0)]
        stores = {store.name: await _contents(store, names) for store in office.stores}
        return Outcome(
            stores, await desk.ledger(), await desk.verify(), await _letters(office.records),
            {record.id: (record.profile, record.zone, record.state) for record in await office.records.devices()},
        )  # fmt: skip


async def _contents(store: Store, names: list[SeriesId]) -> Contents:
    out = Contents()
    found = await store.read_readings(names, 0, _FOREVER)
    batch = found.batch
    columns = (batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), batch.flag.tolist())
    for series, ts, value, flag in zip(*columns, strict=True):
        key = (*found.names[series], ts)
        assert key not in out.readings, f"{store.name} reads {key} twice"
        out.readings[key] = _bits(value), flag
    for step in _STEPS:
        windows = await store.read_aggregates(names, step, 0, _FOREVER)
        held = windows.batch
        stats = [getattr(held, name).tolist() for name in STATS]
        for k, (series, start) in enumerate(zip(held.series.tolist(), held.start.tolist(), strict=True)):
            out.aggregates[*windows.names[series], step, start] = tuple(_bits(stat[k]) for stat in stats)
        out.revised += int((held.revision > 0).sum())
    return out


async def _letters(records: RecordsStore) -> Counter[tuple[str, str, bytes]]:
    found = await records.letters(LetterFilter(reason=None, profile=None, device=None, limit=None))
    return Counter((letter.reason, letter.topic, letter.payload) for letter in found)


def _bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


def differences(name: str, one: dict[Any, Any], other: dict[Any, Any]) -> Iterator[str]:
    """Sentences, for a test to show the first few of."""
    for key in sorted(one.keys() | other.keys(), key=str):
        if one.get(key) != other.get(key):
            yield f"{name} {key}: {_shown(one.get(key))} in the uninterrupted run, {_shown(other.get(key))} in this one"


def _shown(value: Any) -> Any:
    if isinstance(value, bytes):
        return struct.unpack("<d", value)[0] if len(value) == struct.calcsize("<d") else value
    return tuple(map(_shown, value)) if isinstance(value, tuple) else value
