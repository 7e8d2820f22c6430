"""The alarm part of the desk: what stands, what happened, and operators' acts, which become rows of the inbox."""

from collections.abc import Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import msgspec

from gateway.engine.alarm_model import Act
from gateway.errors import CommandError
from gateway.rows import Row, RowKind
from gateway.stores.alarm_tables import AlarmFilter

if TYPE_CHECKING:
    from gateway.runtime.desk import Office

__all__ = ["ALARM_METHODS", "AlarmDesk"]

ALARM_METHODS = frozenset({"alarms", "alarm_history", "alarm_act"})
_ACT_SOURCE = 254
"""`Row.source` of operators' acts: no message's."""
_MOST = 10_000


class AlarmDesk:
    """Made by Desk."""

    _office: "Office"

    async def alarms(
        self, everything: bool = False, zone: str = "", domain: str = "", condition: str = "", asset: str = "",
        priority: int | None = None, limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Alarms that are not normal, the most urgent first; with `everything` also closed ones, the newest first."""
        which = AlarmFilter(
            open=not everything, zone=zone, domain=domain, condition=condition, asset=asset, priority=priority,
            historic=everything, limit=min(limit, _MOST),
        )  # fmt: skip
        return await self._office.records.alarms(which)

    async def alarm_history(
        self, alarm: str = "", zone: str = "", domain: str = "", condition: str = "", asset: str = "",
        since: int | None = None, limit: int = 100,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Changes of alarms, the newest first."""
        which = AlarmFilter(
            alarm=alarm, zone=zone, domain=domain, condition=condition, asset=asset, since=since,
            limit=min(limit, _MOST),
        )  # fmt: skip
        return [msgspec.structs.asdict(change) for change in await self._office.records.alarm_history(which)]

    async def alarm_act(
        self, act: str, alarms: Sequence[str] = (), condition: str = "", asset: str = "", who: str = "", text: str = "",
        for_secs: float = 0.0,
    ) -> dict[str, Any]:  # fmt: skip
        """Journal an act on alarms by their ids, or on a condition of an asset; the engine carries it out.

        Raises:
            CommandError: there is no such act, alarm or length of time.
        """
        if act not in {str(each) for each in Act}:
            raise CommandError(f"There is no act {act!r}.", f"There are {', '.join(sorted(Act))}.", 2)
        if act == Act.SHELVE and for_secs <= 0:
            raise CommandError("A shelving needs an end.", "Say for how long: --for 8h.", 2)
        if act in (Act.SHELVE, Act.COMMENT, Act.SUPPRESS, Act.OUT_OF_SERVICE) and not text.strip():
            raise CommandError("Others will ask why.", "Give a reason: --reason TEXT.", 2)
        now = self._office.clock.now()
        until = now + round(for_secs * 1e9) if for_secs else 0
        targets = [(condition, asset)] if condition else [await self._named(each) for each in alarms]
        if not targets:
            raise CommandError("Which alarms?", "Name them by id: `cityloom alarms list` shows it.", 2)
        rows = []
        for rule, place in targets:
            body: dict[str, Any] = {
                "act": act, "condition": rule, "asset": place, "who": who, "text": text, "until": until,
                "id": token_hex(8),
            }  # fmt: skip
            rows.append(Row(0, RowKind.ACT, _ACT_SOURCE, 0, "alarm", msgspec.json.encode(body)))
        await self._office.submit(rows)
        return {"acts": len(rows), "alarms": [{"condition": rule, "asset": place} for rule, place in targets]}

    async def _named(self, alarm: str) -> tuple[str, str]:
        found = await self._office.records.alarms(AlarmFilter(alarm=alarm, limit=2)) if alarm else []
        if not found:
            raise CommandError(f"There is no alarm {alarm!r}.", "`cityloom alarms list` shows what there is.", 1)
        if len(found) > 1:
            raise CommandError(f"More than one alarm begins with {alarm!r}.", "Give more of its id.", 2)
        return str(found[0]["condition"]), str(found[0]["asset"])
