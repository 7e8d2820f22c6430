"""The incident part of the desk: what is wrong in the city, and what belongs together."""

import re
from collections.abc import Sequence
from typing import Any

from gateway.errors import CommandError, Missing
from gateway.runtime.office import Office
from gateway.stores.incident_tables import IncidentFilter

__all__ = ["INCIDENT_METHODS", "IncidentDesk"]

INCIDENT_METHODS = frozenset({"incidents", "incident"})
_MOST = 10_000
_ID = re.compile(r"[0-9a-f]{1,32}")


class IncidentDesk:
    """Made by Desk."""

    _office: Office

    async def incidents(
        self, open: bool = False, zone: str = "", domain: str = "", limit: int = 100,  # noqa: A002  as on the command line
        zones: Sequence[str] = (), after: Sequence[int | str] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Incidents, the newest first; with `open` those that are not closed, the most urgent first. `after`: behind
        the incident of that place (`incident_place`).
        """
        which = IncidentFilter(
            open=open, zone=zone, zones=zones, domain=domain, after=after, limit=min(limit, _MOST)
        )  # fmt: skip
        return await self._office.records.incidents(which)

    async def incident(self, id: str) -> dict[str, Any]:  # noqa: A002  as on the command line
        """One incident with its alarms and reports and what happened; of one that was merged, the one it is part of.

        Raises:
            CommandError: there is none, or several begin so.
        """
        records = self._office.records
        found = await records.incidents(IncidentFilter(incident=id, limit=2)) if _ID.fullmatch(id) else []
        if not found:
            raise Missing(f"There is no incident {id!r}.", "`cityloom incidents list` shows what there is.", 1)
        if len(found) > 1:
            raise CommandError(f"More than one incident begins with {id!r}.", "Give more of its id.", 2)
        one = found[0]
        while one["into"]:
            (one,) = await records.incidents(IncidentFilter(incident=str(one["into"]), limit=1))
        name = str(one["incident"])
        return {
            **one, "asked": found[0]["incident"], "members": await records.incident_parts(name),
            "history": await records.incident_history(name),
        }  # fmt: skip
