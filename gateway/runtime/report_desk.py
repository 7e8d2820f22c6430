"""The report part of the desk: taking one down, looking at them, bringing one on. What is done goes into the inbox.

A contact goes in, and comes out only where it is asked for by name.
"""

import asyncio
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

import msgspec

from gateway.config.incidents import IncidentRules
from gateway.engine.incidents.places import Places
from gateway.engine.incidents.report_model import ADD, ADVANCE, MOVES, OVER, Advance, NewReport, ReportState
from gateway.errors import CommandError, Missing
from gateway.rows import Row, RowKind
from gateway.runtime.office import Office
from gateway.stores.report_tables import ReportFilter

__all__ = ["REPORT_METHODS", "ReportDesk", "masked"]

REPORT_METHODS = frozenset({"reports", "report", "report_add", "report_advance"})
_SOURCE = 254
"""`Row.source` of what people do: no message's."""
_MOST = 10_000
_PAGE = 2_000
_SETTLE_SECS, _POLL_SECS = 3.0, 0.1
"""How long a report that has just been taken may need to be in records.db."""


class ReportDesk:
    """Made by Desk."""

    _office: Office

    async def reports(
        self, everything: bool = False, kind: str = "", zone: str = "", late: bool = False, limit: int = 100,
        zones: Sequence[str] = (), after: Sequence[int | str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Reports that are not resolved, the most urgent first; with `everything` also others, the newest first.
        `after`: behind the report of that place (`report_place`).
        """
        which = ReportFilter(
            open=not everything, kind=kind, zone=zone, zones=zones, late=late, after=after, limit=min(limit, _MOST)
        )
        return await self._office.records.reports(which)

    async def report(self, id: str, contact: bool = False) -> dict[str, Any]:  # noqa: A002  as on the command line
        """One report with what happened to it; the contact masked unless it is asked for."""
        found = await self._report_named(id)
        records, name = self._office.records, str(found["report"])
        known = await records.report_contact(name)
        return {
            **found, "contact": known if contact else masked(known), "history": await records.report_history(name)
        }  # fmt: skip

    async def report_add(
        self, kind: str, text: str = "", id: str = "", lon: float | None = None, lat: float | None = None,  # noqa: A002
        asset: str = "", zone: str = "", contact: str = "", at: int = 0, who: str = "",
    ) -> dict[str, Any]:  # fmt: skip
        """Journal a report; the engine takes it up: now, or when it starts (`running` says which). With the id of a
        report that is known nothing is done (`known`).

        Raises:
            CommandError: it says nothing that could be used.
        """
        plain = {
            "id": id or f"r-{token_hex(4)}", "kind": kind, "text": text, "lon": lon, "lat": lat, "asset": asset,
            "zone": zone, "contact": contact, "at": at, "who": who,
        }  # fmt: skip
        try:
            new = msgspec.convert(plain, NewReport)
        except msgspec.ValidationError as error:
            raise _unusable(error) from None
        _check(new, await self._office.content(), self._office.clock.now())
        known = await self._stored(new.id) is not None or await self._waiting(new.id) is not None
        if not known:
            await self._office.submit([Row(0, RowKind.REPORT, _SOURCE, 0, ADD, msgspec.json.encode(new))])
        return {"report": new.id, "known": known, "running": self._running()}

    async def report_advance(
        self, id: str, state: str, who: str = "", note: str = "", act: str = ""  # noqa: A002  as on the command line
    ) -> dict[str, Any]:  # fmt: skip
        """Journal that a report has come further. `act` is the id of this act, where it may be sent twice.

        Raises:
            CommandError: there is no such report or state, or it can't go there from where it is, or it is closed.
        """
        if state not in set(ReportState) - {ReportState.RECEIVED}:
            states = ", ".join(each for each in ReportState if each is not ReportState.RECEIVED)
            raise CommandError(f"A report can't be brought to {state!r}.", f"There are {states}.", 2)
        report, now_in = await self._where_it_is(id)
        if ReportState(state) not in MOVES[now_in]:
            ways = ", ".join(sorted(MOVES[now_in]))
            raise CommandError(f"Report {report} is {now_in}: it can't become {state}.", f"From there: {ways}.", 1)
        await self._check_open(report)
        plain = {"report": report, "state": state, "who": who, "note": note, "id": act or token_hex(8)}
        try:
            step = msgspec.convert(plain, Advance)
        except msgspec.ValidationError as error:
            raise _unusable(error) from None
        await self._office.submit([Row(0, RowKind.REPORT, _SOURCE, 0, ADVANCE, msgspec.json.encode(step))])
        return {"report": report, "state": state, "running": self._running()}

    def _running(self) -> bool:
        return bool(self._office.status()["running"])

    async def _report_named(self, name: str) -> dict[str, Any]:
        """The report with this id, else the one that begins so."""
        found = await self._office.records.reports(ReportFilter(report=name, limit=3)) if name else []
        exact = [each for each in found if each["report"] == name]
        if not found:
            raise Missing(f"There is no report {name!r}.", "`cityloom report list --all` shows what there is.", 1)
        if len(found) > 1 and not exact:
            raise CommandError(f"More than one report begins with {name!r}.", "Give more of its id.", 2)
        return (exact or found)[0]

    async def _stored(self, name: str) -> dict[str, Any] | None:
        found = await self._office.records.reports(ReportFilter(report=name, limit=_MOST))
        return next((each for each in found if each["report"] == name), None)

    async def _where_it_is(self, name: str) -> tuple[str, ReportState]:
        """Id and state of a report, with what waits in the inbox; one that was taken just now is waited for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (_SETTLE_SECS if self._running() else 0.0)
        while True:
            waiting = await self._waiting(name)
            if waiting is not None:
                return name, waiting
            try:
                found = await self._report_named(name)
            except CommandError:
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(_POLL_SECS)
                continue
            whole = str(found["report"])
            return whole, await self._waiting(whole) or ReportState(str(found["state"]))

    async def _check_open(self, name: str) -> None:
        """What was over for too long the engine has forgotten: it would do nothing, and nobody would hear of it."""
        found = await self._stored(name)
        rules = IncidentRules.model_validate((await self._office.content()).incidents)
        until = 0 if found is None else found["at"] + round(rules.service.reopen_secs * 1e9)
        if found is not None and found["state"] in OVER and until <= self._office.clock.now():
            days = f"{rules.service.reopen_secs / 86_400:g} days"
            raise CommandError(
                f"Report {name} is {found['state']} for more than {days}: it is closed.",
                "Take down a new one by `cityloom report add`; reopen_secs of the incidents file says how long.", 1,
            )  # fmt: skip

    async def _waiting(self, name: str) -> ReportState | None:
        """Where a report will be once the rows are worked on that wait while no gateway runs; None: none is of it."""
        return None if self._running() else await asyncio.to_thread(self._in_the_inbox, name)

    def _in_the_inbox(self, name: str) -> ReportState | None:
        state, offset = None, self._office.outbox.processed_offset
        while rows := self._office.inbox.read(offset, _PAGE):
            offset += len(rows)
            for row in rows:
                if row.kind != RowKind.REPORT:
                    continue
                new = NewReport.of(row) if row.topic == ADD else None
                step = Advance.of(row) if row.topic == ADVANCE else None
                if new is not None and new.id == name:
                    state = state or ReportState.RECEIVED
                elif step is not None and step.report == name:
                    state = step.state
        return state


def masked(contact: str) -> str:
    """So much of a contact as tells it from others: 13800138000 -> 138***00."""
    return f"{contact[:3]}***{contact[-2:]}" if len(contact) > 7 else "***" if contact else ""


def _check(new: NewReport, content: Any, now: int) -> None:
    rules = IncidentRules.model_validate(content.incidents)
    names = [kind.name for kind in rules.reports]
    if new.kind not in names:
        raise CommandError(f"There is no kind of report {new.kind!r}.", f"There are {', '.join(names)}.", 2)
    if (new.lon is None) != (new.lat is None):
        raise CommandError("A point has a longitude and a latitude.", "Give both: --at 113.31,23.13.", 2)
    if new.lon is None and not (new.asset or new.zone):
        raise CommandError("Where is it?", "Give --at LON,LAT, --asset or --zone.", 2)
    places = Places(content, rules.linking.resolution, rules.linking.rings)
    for what, name in (("asset", new.asset), ("zone", new.zone)):
        if name and not places.knows(name):
            raise CommandError(f"There is no {what} {name!r}.", "The city's file and `cityloom series` name them.", 2)
    if new.at > now:
        raise CommandError("It can't have been reported in the future.", "Leave --time out: then it is now.", 2)


def _unusable(error: msgspec.ValidationError) -> CommandError:
    """What msgspec says names the field, and never what was in it."""
    return CommandError(f"That can't be used: {error}.", "Correct it; texts have 2000 characters at most.", 2)
