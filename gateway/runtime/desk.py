"""The desk: what operators ask and order, the same whether a gateway runs (through the control door) or not (on files).

Every method gives plain data for JSON. `METHODS` is the whole list of what the door lets through.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from gateway.config.connections import connections_of
from gateway.engine.ledger import StoreTerms
from gateway.engine.registry import DEVICE_TERMS
from gateway.errors import CommandError, Missing, StoreError
from gateway.rows import Row, RowKind
from gateway.runtime.alarm_desk import ALARM_METHODS, AlarmDesk
from gateway.runtime.column_desk import PLAN_METHODS, ColumnDesk
from gateway.runtime.device_desk import DEVICE_METHODS, DeviceDesk
from gateway.runtime.figure_desk import FIGURE_METHODS, FigureDesk
from gateway.runtime.incident_desk import INCIDENT_METHODS, IncidentDesk
from gateway.runtime.intake import REPLAY_SOURCE
from gateway.runtime.notify_desk import NOTIFY_METHODS, NotifyDesk
from gateway.runtime.office import Office
from gateway.runtime.period_desk import PERIOD_METHODS, PeriodDesk
from gateway.runtime.profile_desk import PROFILE_METHODS, ProfileDesk
from gateway.runtime.reading import read_series, store_named
from gateway.runtime.report_desk import REPORT_METHODS, ReportDesk
from gateway.runtime.session_notes import SessionNotes
from gateway.runtime.trace import TraceDesk
from gateway.runtime.usual_desk import USUAL_METHODS, UsualDesk
from gateway.runtime.verification import verify_store
from gateway.runtime.wire import MOST_ROWS
from gateway.stores.base import SeriesId
from gateway.stores.records import DeadLetter, Held, LetterFilter

__all__ = ["METHODS", "Desk"]

METHODS = frozenset({
    "status", "ledger", "verify", "device_ledger", "dead_letters", "dead_letter", "replay_dead_letters",
    "purge_dead_letters", "series", "read", "trace", "adopt_store", "configuration", "reload",
}).union(
    ALARM_METHODS, DEVICE_METHODS, FIGURE_METHODS, INCIDENT_METHODS, NOTIFY_METHODS, PERIOD_METHODS, PLAN_METHODS,
    PROFILE_METHODS, REPORT_METHODS, USUAL_METHODS,
)  # fmt: skip
_REPLAY_AT_ONCE = Held(2_000, 16 << 20)
"""Dead letters a call, and their bytes."""


class Desk(
    AlarmDesk, ColumnDesk, DeviceDesk, FigureDesk, IncidentDesk, NotifyDesk, PeriodDesk, ProfileDesk, ReportDesk,
    TraceDesk, UsualDesk,
):  # fmt: skip
    """Answers questions and takes orders."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def status(self) -> dict[str, Any]:
        """Everything that `cityloom status` shows."""
        ledger = (await self._office.take()).as_dict()
        beside = {"dead_letters": await self._letter_figures(), "notifications": await self._notify_figures()}
        return {**self._office.status(), **beside, "ledger": ledger}

    async def ledger(self) -> dict[str, Any]:
        """The books: totals, then each source, profile and store."""
        ledger = await self._office.take()
        profiles: dict[str, dict[str, int]] = {}
        for key, amount in ledger.engine.items():
            if key.profile:
                name = f"messages_{key.term}" if key.book == "message" else key.term
                terms = profiles.setdefault(key.profile, {})
                terms[name] = terms.get(name, 0) + amount
        names = self._source_names()
        sources = {
            names.get(int(index), f"removed source {index}"): msgspec.to_builtins(intake)
            for index, intake in ledger.intake.items()
        }
        return {
            **ledger.as_dict(),
            "sources": sources,
            "profiles": {name: dict(sorted(terms.items())) for name, terms in sorted(profiles.items())},
            "balances": [{"name": b.name, "came": b.came, "accounted": b.accounted} for b in ledger.balances()],
        }

    async def verify(self) -> dict[str, Any]:
        """Compare what the books say is stored with what is in each database."""
        ledger = await self._office.take()
        out: dict[str, Any] = {}
        for store in self._office.stores:
            found = await verify_store(self._office.outbox, store, partial(self._terms, store.name))
            if found is not None:
                out[store.name] = found
        agrees = ledger.balanced and all(store["agrees"] for store in out.values())
        return {"agrees": agrees, "balanced": ledger.balanced, "stores": out}

    async def device_ledger(self, device: str) -> dict[str, Any]:
        """One device's record and counts."""
        registry = (await self._office.engines()).zone.registry
        index = registry.by_id(device)
        if index < 0:
            raise Missing(f"No device {device!r} is known.", "`cityloom series` lists devices that have sent.", 1)
        counts = dict(zip(DEVICE_TERMS, registry.counts[index].tolist(), strict=True))
        record = msgspec.structs.asdict(registry.records[index])
        return {"record": record, "counts": counts, "heard": int(registry.heard[index])}

    async def dead_letters(
        self, reason: str = "", profile: str = "", device: str = "", limit: int = 100, before: str = ""
    ) -> dict[str, Any]:
        """Newest first, without payloads; and of all letters how many are held, and went for want of room. `before`:
        older than the letter with this id.
        """
        found = await self._office.records.letters(
            replace(_filter(reason, profile, device, limit=limit), before=before)
        )
        figures = await self._letter_figures()
        return {"dead_letters": [_letter(letter) for letter in found], **(figures or {})}

    async def dead_letter(self, id: str) -> dict[str, Any]:  # noqa: A002  the name on the command line
        """One of them, whole; the payload as text where it is UTF-8, else as hex."""
        letter = await self._find(id)
        try:
            payload = {"payload": letter.payload.decode()}
        except UnicodeDecodeError:
            payload = {"payload_hex": letter.payload.hex()}
        return {**_letter(letter), **payload}

    async def replay_dead_letters(
        self, ids: Sequence[str] = (), reason: str = "", profile: str = "", device: str = "", upto: int = 0
    ) -> dict[str, Any]:
        """Send a page of them through the engine again, under the configuration of now; the oldest first.

        The clock gives a new receipt. Named ones go again however often they went before; of the others those that
        never did. What `remaining` counts goes with the next call, which is given `upto` back: what comes of the
        letters that go now may be letters again, and they are no part of this.
        """
        records = self._office.records
        if ids:
            letters = [letter for letter in [await self._find(each) for each in ids] if letter.topic]
            await self._replay(letters)
            return {"replayed": len(letters), "remaining": 0, "upto": upto}
        upto = upto or await records.last_number()
        which = replace(_filter(reason, profile, device), replayed=False, upto=upto, message=True)
        letters = await records.oldest(which, _REPLAY_AT_ONCE)
        await self._replay(letters)
        return {"replayed": len(letters), "remaining": await records.count(which), "upto": upto}

    async def _letter_figures(self) -> dict[str, Any] | None:
        """None: records.db can't be read."""
        try:
            records = self._office.records
            held, purged = await records.held(), await records.purged_counts()
        except (StoreError, CommandError):
            return None
        return {"held": held.number, "held_bytes": held.bytes, "purged": sum(purged.values()), "purged_reasons": purged}

    async def _replay(self, letters: Sequence[DeadLetter]) -> None:
        # a message with several letters goes once
        messages = {letter.offset: letter for letter in letters}.values()
        rows = [
            Row(0, RowKind.REPLAY, REPLAY_SOURCE, 0, letter.topic,
                msgspec.msgpack.encode((letter.received_at, letter.payload)))
            for letter in messages
        ]  # fmt: skip
        if rows:
            await self._office.submit(rows)
            await self._office.records.mark_replayed([letter.id for letter in letters], self._office.clock.now())

    async def purge_dead_letters(self, reason: str = "", profile: str = "", device: str = "") -> dict[str, Any]:
        """Delete those that match."""
        return {"purged": await self._office.records.purge(_filter(reason, profile, device))}

    async def series(self, pattern: str = "", limit: int = 1_000) -> list[dict[str, Any]]:
        """Series whose device, quantity or profile contains `pattern`, by device and quantity."""
        names = await asyncio.to_thread(self._office.outbox.series_names, 0)
        found = [
            name for name in names if pattern in name.device or pattern in name.quantity or pattern in name.profile
        ]
        found.sort(key=lambda name: (name.device, name.quantity))
        return [msgspec.structs.asdict(name) for name in found[:limit]]

    async def read(
        self, device: str, quantity: str = "", start: int = 0, end: int = 0, last: float = 3600, step: int = 0,
        store: str = "", limit: int = MOST_ROWS,
    ) -> dict[str, Any]:  # fmt: skip
        """Readings (step 0) or aggregates of a device in [start, end), UTC ns, by time.

        Without `end`: up to the newest reading; without `start`: the `last` seconds before it, and one window more.
        Of these at most `limit` rows, the earliest; rows of one time are never parted. `truncated`: there are more,
        from `next` on; the same question with `start` there, and `end` as it was answered, goes on.
        """
        if not 1 <= limit <= MOST_ROWS:
            raise CommandError(f"A page can't have {limit} rows.", f"Ask for 1 to {MOST_ROWS}, then for the rest.", 2)
        mine = await asyncio.to_thread(self._office.outbox.series_names, 0, device)
        if not mine:
            raise Missing(f"No series of device {device!r} is known.", "`cityloom series` lists what there is.", 1)
        if quantity:
            has = ", ".join(sorted(name.quantity for name in mine))
            mine = [name for name in mine if name.quantity == quantity]
            if not mine:
                raise Missing(f"Device {device!r} has no quantity {quantity!r}.", f"It has {has}.", 1)
        candidate = store_named(self._office.stores, store)
        if not end:
            newest = (await candidate.latest([SeriesId(name.device, name.quantity) for name in mine])).batch.ts
            end = int(newest.max()) + 1 if len(newest) else self._office.clock.now()
        start = start or end - int((last + step) * 1e9)
        pending = await asyncio.to_thread(self._office.outbox.marks_of, [name.index for name in mine])
        return await read_series(candidate, mine, start, end, step, pending, limit)

    async def adopt_store(self, name: str) -> dict[str, Any]:
        """Let a store that was deleted or replaced go on from now; what it lost is counted `dropped`."""
        return await self._office.adopt(name)

    async def configuration(self) -> dict[str, Any]:
        """The settings in force, secrets masked; the digest and the size of what engines judge by."""
        content = await self._office.content()
        parts = ("profiles", "devices", "zones", "conditions", "assets")
        numbers = {name: len(getattr(content, name)) for name in parts}
        return {"settings": self._office.settings.model_dump(mode="json"), "digest": content.digest, "numbers": numbers}

    async def reload(self, check: bool = False) -> dict[str, Any]:
        """Read the configuration's files again and apply what is another; with `check` only say what that is."""
        return await self._office.reload(check=check)

    async def _terms(self, store: str) -> StoreTerms:
        return (await self._office.take()).stores[store]

    def _source_names(self) -> dict[int, str]:
        """What the configuration calls connections; the journal knows their numbers."""
        settings = self._office.settings
        noted = SessionNotes(settings.data_dir).read()
        there = connections_of(settings.sources, [name for name, held in noted.filters.items() if held], noted.numbers)
        names = {number: f"{name} (removed)" for name, number in noted.numbers.items()}
        names |= {each.number: f"{each.name} (retired)" if each.retired else each.name for each in there}
        return names | {REPLAY_SOURCE: "replayed"}

    async def _find(self, each: str) -> DeadLetter:
        found = await self._office.records.letters(LetterFilter(ids=(each,)))
        if not found:
            raise Missing(f"There is no dead letter {each!r}.", "`cityloom dead-letters list` shows them.", 1)
        return found[0]


def _letter(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id, "received_at": letter.received_at, "reason": letter.reason, "detail": letter.detail,
        "profile": letter.profile, "device": letter.device, "topic": letter.topic, "bytes": len(letter.payload),
        "replayed_at": letter.replayed_at,
    }  # fmt: skip


def _filter(reason: str, profile: str, device: str, limit: int | None = None) -> LetterFilter:
    return LetterFilter(reason=reason or None, profile=profile or None, device=device or None, limit=limit)
