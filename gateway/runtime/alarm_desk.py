"""The alarm part of the desk: what stands, what happened, and operators' acts, which become rows of the inbox."""

import re
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

import msgspec

from gateway.engine.alarm_model import Act, AlarmState
from gateway.errors import CommandError, Missing
from gateway.rows import Row, RowKind
from gateway.runtime.office import Office
from gateway.stores.alarm_tables import AlarmFilter

__all__ = ["ALARM_METHODS", "AlarmDesk"]

ALARM_METHODS = frozenset({"alarms", "alarm_changes", "alarm_history", "alarm_act"})
_ACT_SOURCE = 254
"""`Row.source` of operators' acts: no message's."""
_MOST = 10_000
_ID = re.compile(r"[0-9a-f]{1,32}")
_LONGEST_SECS = 30 * 86_400
_LONGEST_WHO, _LONGEST_TEXT = 100, 2_000
_OF_ONE = frozenset({Act.ACK, Act.RESET, Act.COMMENT})
"""Acts that are meant for the alarm that was looked at, and for no later one of the same condition and asset."""
_BEFOREHAND = frozenset({Act.SHELVE, Act.SUPPRESS, Act.OUT_OF_SERVICE})
"""Acts that can be done while nothing is wrong."""


class AlarmDesk:
    """Made by Desk."""

    _office: Office

    async def alarms(
        self, everything: bool = False, zone: str = "", domain: str = "", condition: str = "", asset: str = "",
        priority: int | None = None, limit: int = 100, alarm: str = "", zones: Sequence[str] = (),
        after: Sequence[int | str] = (), settled: bool = False,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Alarms that are not normal, the most urgent first; with `everything` also closed ones, the newest first.

        `alarm`: those whose id begins so. `after`: behind the alarm of that place (`alarm_place`). `settled`: with
        all that was told on live streams by now.
        """
        if alarm and _ID.fullmatch(alarm) is None:
            return []
        which = AlarmFilter(
            open=not everything, alarm=alarm, zone=zone, zones=zones, domain=domain, condition=condition, asset=asset,
            priority=priority, historic=everything, after=after, limit=min(limit, _MOST),
        )  # fmt: skip
        if settled:
            await self._office.recorded()
        return await self._office.records.alarms(which)

    async def alarm_history(
        self, alarm: str = "", zone: str = "", domain: str = "", condition: str = "", asset: str = "",
        since: int | None = None, until: int | None = None, limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Changes of alarms, the newest first; `since` <= their event time < `until`, UTC ns."""
        if alarm and _ID.fullmatch(alarm) is None:
            raise CommandError(f"{alarm!r} is no id of an alarm.", "`cityloom alarms list --all` shows them.", 2)
        which = AlarmFilter(
            alarm=alarm, zone=zone, domain=domain, condition=condition, asset=asset, since=since,
            until=until, limit=min(limit, _MOST),
        )  # fmt: skip
        return [msgspec.structs.asdict(change) for change in await self._office.records.alarm_history(which)]

    async def alarm_changes(
        self, alarm: str = "", zones: Sequence[str] = (), domain: str = "", condition: str = "", asset: str = "",
        since: int | None = None, until: int | None = None, before: int | None = None, limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Changes of alarms with their numbers, the newest first, of those numbered below `before`."""
        if alarm and _ID.fullmatch(alarm) is None:
            return []
        which = AlarmFilter(
            alarm=alarm, zones=zones, domain=domain, condition=condition, asset=asset, since=since, until=until,
            before=before, limit=min(limit, _MOST),
        )  # fmt: skip
        found = await self._office.records.alarm_changes(which)
        return [{"number": number, **msgspec.structs.asdict(change)} for number, change in found]

    async def alarm_act(
        self, act: str, alarms: Sequence[str] = (), condition: str = "", asset: str = "", who: str = "", text: str = "",
        for_secs: float = 0.0, id: str = "",  # noqa: A002  as of reports
    ) -> dict[str, Any]:  # fmt: skip
        """Journal an act on alarms by their ids, or on a condition of an asset; the engine carries it out: now, or when
        it starts (`running` says which). All of them or, where one is wrong, none. `id` is that of this act, where it
        may be sent twice.

        Raises:
            CommandError: there is no such act, alarm or length of time.
        """
        _check(act, who, text, for_secs)
        now = self._office.clock.now()
        until = now + round(for_secs * 1e9) if act == Act.SHELVE else 0
        targets = (
            {("", condition, asset): None} if condition else {await self._named(each, act): None for each in alarms}
        )
        if not targets:
            raise CommandError("Which alarms?", "Name them by id: `cityloom alarms list` shows it.", 2)
        rows = []
        for number, (alarm, rule, place) in enumerate(targets):
            body: dict[str, Any] = {
                "act": act, "condition": rule, "asset": place, "who": who, "text": text, "until": until,
                "id": f"{id}-{number}" if id else token_hex(8), "alarm": alarm if act in _OF_ONE else "",
            }  # fmt: skip
            rows.append(Row(0, RowKind.ACT, _ACT_SOURCE, 0, "alarm", msgspec.json.encode(body)))
        await self._office.submit(rows)
        places = [{"condition": rule, "asset": place} for _, rule, place in targets]
        return {"acts": len(rows), "alarms": places, "running": bool(self._office.status()["running"])}

    async def _named(self, alarm: str, act: str) -> tuple[str, str, str]:
        """(id, condition, asset) of the alarm that begins so."""
        known = _ID.fullmatch(alarm) is not None
        found = await self._office.records.alarms(AlarmFilter(alarm=alarm, limit=2)) if known else []
        if not found:
            raise Missing(f"There is no alarm {alarm!r}.", "`cityloom alarms list` shows what there is.", 1)
        if len(found) > 1:
            raise CommandError(f"More than one alarm begins with {alarm!r}.", "Give more of its id.", 2)
        (one,) = found
        if one["state"] == AlarmState.NORMAL and act not in _BEFOREHAND:
            raise CommandError(
                f"Alarm {alarm} is closed: {one['condition']} at {one['asset']} is normal.",
                "`cityloom alarms list` shows those that are open.", 1,
            )  # fmt: skip
        return str(one["alarm"]), str(one["condition"]), str(one["asset"])


def _check(act: str, who: str, text: str, for_secs: float) -> None:
    if act not in {str(each) for each in Act}:
        raise CommandError(f"There is no act {act!r}.", f"There are {', '.join(sorted(Act))}.", 2)
    if act == Act.SHELVE and not 0 < for_secs <= _LONGEST_SECS:
        problem = "A shelving needs an end." if for_secs <= 0 else "A shelving ends within 30 days."
        raise CommandError(problem, "Say for how long: --for 8h. For longer: out-of-service.", 2)
    if act in (Act.SHELVE, Act.COMMENT, Act.SUPPRESS, Act.OUT_OF_SERVICE) and not text.strip():
        raise CommandError("Others will ask why.", "Write a few words: a reason, or what is to be said.", 2)
    if len(who) > _LONGEST_WHO or len(text) > _LONGEST_TEXT:
        raise CommandError(
            f"That is too long: {_LONGEST_WHO} characters for a name, {_LONGEST_TEXT} for a text.", "Say it shorter.", 2
        )
