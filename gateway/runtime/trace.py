"""The way of one reading: received, decoded, flags and why, windows, conditions and alarms, and where it is stored.

What is told is read where it lies: the message while the inbox still holds it (behind two snapshots it is trimmed), the
readings in every open store, the windows in the first, dead letters and alarms in records.db.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from gateway.codecs.compiled import RECEIPT, CompiledProfile, compile_profile
from gateway.config.content import EngineContent
from gateway.config.profiles import load_profiles
from gateway.engine.results import DeviceRecord, SeriesName
from gateway.errors import JournalError, Missing, StoreError
from gateway.journal.inbox import Inbox
from gateway.rows import Row, RowKind, Rows
from gateway.runtime.office import Office
from gateway.stores.alarm_tables import AlarmFilter
from gateway.stores.base import SeriesId, Store
from gateway.stores.records import LetterFilter
from processors.windows.day import DAY, SECOND

__all__ = ["TraceDesk"]

_STEPS = (10, 60, 900, 3600, DAY)
_AROUND = 3600 * SECOND
"""How far from the time asked for the nearest reading may be."""
_PAGE = 2_000
_MOST_MESSAGES = 5
_MOST_LETTERS = 5
_LONGEST_DAY = 25 * 3600 * SECOND


class TraceDesk:
    """Made by Desk."""

    _office: Office

    async def trace(self, device: str, at: int) -> dict[str, Any]:
        """Everything about the reading of `device` that is nearest to `at` (UTC ns), within an hour.

        Raises:
            CommandError: there is no such device, or nothing of it within an hour.
        """
        office = self._office
        names = await asyncio.to_thread(office.outbox.series_names, 0, device)
        if not names:
            raise Missing(f"No series of device {device!r} is known.", "`cityloom series` lists what there is.", 1)
        stored = {store.name: await self._in_store(store, names, at) for store in office.stores}
        times = [row["ts"] for rows in stored.values() for row in rows if "ts" in row]
        if not times:
            raise Missing(
                f"No store has a reading of {device!r} within an hour of that time.",
                "`cityloom read` shows what there is; `cityloom dead-letters list` what could not be used.", 1,
            )  # fmt: skip
        ts = min(times, key=lambda each: abs(each - at))
        known = next(reversed(await office.records.device_history(device)), None)
        first = office.stores[0]
        return {
            "device": device, "asked": at, "ts": ts,
            "record": None if known is None else msgspec.structs.asdict(known),
            "messages": await self._received(known, ts) if known is not None else [],
            "stores": {name: [row for row in rows if row.get("ts") == ts] for name, rows in stored.items()},
            "windows": await self._windows(first, names, ts),
            "alarms": await self._alarms(known, device, ts),
            "dead_letters": await self._letters(device, ts),
        }  # fmt: skip

    async def _in_store(self, store: Store, names: list[SeriesName], at: int) -> list[dict[str, Any]]:
        units = {name.quantity: name.unit for name in names}
        ids = [SeriesId(name.device, name.quantity) for name in names]
        try:
            found = await store.read_readings(ids, at - _AROUND, at + _AROUND)
        except StoreError as error:
            return [{"problem": error.problem}]
        batch = found.batch
        if not len(batch):
            return []
        nearest = int(batch.ts[np.argmin(np.abs(batch.ts - at))])
        return [
            {
                "quantity": found.names[s].quantity, "unit": units[found.names[s].quantity], "ts": ts,
                "value": None if np.isnan(value) else value, "flag": flag, "why": why,
            }
            for s, ts, value, flag, why in zip(
                batch.series.tolist(), batch.ts.tolist(), batch.value.tolist(), batch.flag.tolist(),
                batch.why.tolist(), strict=True,
            )
            if ts == nearest
        ]  # fmt: skip

    async def _received(self, device: DeviceRecord, ts: int) -> list[dict[str, Any]]:
        content = EngineContent.decode((await self._office.engines()).zone.content)
        known = {profile.name: profile for profile in load_profiles(content.profiles)}
        if device.profile not in known:
            return []
        profile = compile_profile(known[device.profile], content.options.bounds)
        # what is further ahead of its receipt was quarantined
        earliest = ts - content.options.max_ahead_ns
        return await asyncio.to_thread(self._messages, device, profile, earliest, ts)

    def _messages(self, device: DeviceRecord, profile: CompiledProfile, earliest: int, ts: int) -> list[dict[str, Any]]:
        """Messages that bring a reading of that time: those that speak of the device, decoded once more.

        Looked for from what was received at `earliest` on, and for an hour after the first that was found.
        """
        inbox, out = self._office.inbox, list[dict[str, Any]]()
        offset, until = first_since(inbox, earliest), None
        while offset < inbox.end_offset and len(out) < _MOST_MESSAGES:
            try:
                rows = inbox.read(offset, _PAGE)
            except JournalError:
                offset = inbox.begin_offset  # trimmed meanwhile
                continue
            if until is not None and rows[0].received_at > until:
                break
            for k, row in _rows_of(rows, device):
                if _brings(row, profile, ts):
                    out.append(_shown(offset + k, row))
                    until = until or row.received_at + _AROUND
            offset += len(rows)
        return out[:_MOST_MESSAGES]

    async def _windows(self, store: Store, names: list[SeriesName], ts: int) -> list[dict[str, Any]]:
        ids = [SeriesId(name.device, name.quantity) for name in names]
        out = []
        for step in _STEPS:
            length = _LONGEST_DAY if step == DAY else step * SECOND
            found = await store.read_aggregates(ids, step, ts - length + 1, ts + 1)
            w = found.batch
            if not len(w):
                continue
            start = int(w.start.max())
            out += [
                {
                    "quantity": found.names[int(w.series[k])].quantity, "step": step, "start": start,
                    "count": int(w.count[k]), "good": float(w.good[k]), "revision": int(w.revision[k]),
                    "mean": None if np.isnan(w.mean[k]) else float(w.mean[k]),
                }
                for k in np.flatnonzero(w.start == start).tolist()
            ]  # fmt: skip
        return out

    async def _alarms(self, device: DeviceRecord | None, name: str, ts: int) -> list[dict[str, Any]]:
        """Alarms of the device, its asset and its zone that stood at that time, or changed within an hour of it."""
        places = {name} | ({device.asset, device.zone} - {""} if device is not None else set())
        out: list[dict[str, Any]] = []
        for place in sorted(places):
            changes = await self._office.records.alarm_history(AlarmFilter(asset=place, since=ts - _AROUND))
            out += [msgspec.structs.asdict(change) for change in changes if change.since <= ts + _AROUND]
        return sorted(out, key=lambda change: (change["at"], change["now"]))

    async def _letters(self, device: str, ts: int) -> list[dict[str, Any]]:
        letters = await self._office.records.letters(LetterFilter(device=device, since=ts - _AROUND, limit=1000))
        near = [letter for letter in letters if abs(letter.received_at - ts) <= _AROUND][:_MOST_LETTERS]
        return [
            {"id": letter.id, "reason": letter.reason, "detail": letter.detail, "received_at": letter.received_at}
            for letter in near
        ]


def first_since(inbox: Inbox, received_at: int) -> int:
    """The offset of the first row that was received then or later; the end, where there is none."""
    while True:
        low, high = inbox.begin_offset, inbox.end_offset
        try:
            while low < high:
                middle = (low + high) // 2
                if inbox.read(middle, 1)[0].received_at < received_at:
                    low = middle + 1
                else:
                    high = middle
        except JournalError:
            if inbox.begin_offset <= middle:  # not trimmed meanwhile: damaged
                raise
            continue
        return low


def _rows_of(rows: Rows, device: DeviceRecord) -> Iterator[tuple[int, Row]]:
    """Messages that speak of the device, and their places among `rows`; a row is made of those only."""
    keys = [(key, key.encode()) for key in device.keys]
    place = 0
    for run in rows.runs:
        if run.kind == RowKind.MESSAGE:
            for k, (topic, payload) in enumerate(zip(run.topics, run.payloads, strict=True)):
                if any(key in topic or encoded in payload for key, encoded in keys):
                    yield place + k, rows[place + k]
        place += len(run)


def _brings(row: Row, profile: CompiledProfile, ts: int) -> bool:
    decoded = profile.decode([row.payload], [row.topic], np.array([row.received_at]))
    times = np.where(decoded.ts == RECEIPT, row.received_at, decoded.ts)
    return bool((times == ts).any())


def _shown(offset: int, row: Row) -> dict[str, Any]:
    return {
        "offset": offset, "received_at": row.received_at, "topic": row.topic, "source": row.source,
        "bytes": len(row.payload),
    }  # fmt: skip
