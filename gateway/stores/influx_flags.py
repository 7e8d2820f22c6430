"""The line's `flag` where the line is not all in one block.

`flag` is the worst of a line. A block that brings only some of a device's quantities for a time that may be stored
already (a rewrite; a second message of the same instant) cannot tell the worst from its own rows: those few lines are
looked up. Whole lines, and times newer than anything stored of the device, never are.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from gateway.stores.influx_connection import InfluxConnection
from gateway.stores.influx_queries import identifier, parse_readings, readings_statement, rows_of
from gateway.stores.line_names import LineNames
from gateway.stores.line_protocol import SEVERITY, severity
from gateway.stores.line_rows import Rows
from gateway.stores.line_text import spelled

__all__ = ["StoredFlags"]

_HOUR = 3_600_000_000_000
_STATEMENTS = 50
_NEVER = np.iinfo(np.int64).min
_UNKNOWN = np.iinfo(np.int64).max


class StoredFlags:
    """Knows per device up to when it has lines in the bucket, and asks for the rest."""

    def __init__(self, connection: InfluxConnection, bucket: str, names: LineNames) -> None:
        self._connection = connection
        self._bucket = bucket
        self._names = names
        self._newest: NDArray[np.int64] = np.empty(0, np.int64)
        self._loaded: dict[str, dict[str, int]] = {}

    def complete(self, rows: Rows) -> tuple[Rows, NDArray[np.uint8]]:
        """Rows without verdicts on readings that are not stored, and the rank of each line's worst flag."""
        self._grow()
        worst = severity(rows)
        owner, ts = self._names.owner[rows.series[rows.starts]], rows.ts[rows.starts]
        verdict = np.logical_or.reduceat(rows.verdict_only, rows.starts) if len(ts) else np.empty(0, np.bool_)
        partial = rows.counts() < self._names.width[owner]
        for profile in {self._names.profiles[number] for number in np.unique(owner[partial]).tolist()}:
            self._load(profile)
        unsure = np.flatnonzero(verdict | (partial & (ts <= self._newest[owner])))
        np.maximum.at(self._newest, owner, ts)
        if not len(unsure):
            return rows, worst
        stored = self._ask(owner[unsure], ts[unsure])
        stay = np.ones(len(rows.ts), np.bool_)
        ends = rows.starts + rows.counts()
        for line in unsure.tolist():
            here = slice(int(rows.starts[line]), int(ends[line]))
            flags = stored.get((int(owner[line]), int(ts[line])), {})
            stay[here] = ~rows.verdict_only[here] | np.isin(rows.series[here], list(flags))
            others = [SEVERITY[flag] for number, flag in flags.items() if number not in rows.series[here]]
            worst[line] = max([worst[line], *others])
        lines = np.logical_or.reduceat(stay, rows.starts)
        return (rows, worst) if stay.all() else (rows.keep(stay, self._names), worst[lines])

    def _grow(self) -> None:
        """Room for the owners that came since; a device that its profile's look-up did not show has no line."""
        names = self._names
        fresh = [self._stored_until(number) for number in range(len(self._newest), len(names.devices))]
        self._newest = np.append(self._newest, np.array(fresh, np.int64))

    def _stored_until(self, owner: int) -> int:
        known = self._loaded.get(self._names.profiles[owner])
        return _UNKNOWN if known is None else known.get(spelled(self._names.devices[owner]), _NEVER)

    def _load(self, profile: str) -> None:
        """Ask, once a profile, how far each device's lines go."""
        if profile in self._loaded:
            return
        statement = f'SELECT last("flag") FROM {identifier(profile)} GROUP BY "device"'  # noqa: S608 - quoted
        [found] = self._connection.query(self._bucket, [statement])
        self._loaded[profile] = {series.tags["device"]: int(rows_of(series, ["last"])["time"][0]) for series in found}
        for owner, its in enumerate(self._names.profiles):
            if its == profile:
                self._newest[owner] = self._stored_until(owner)

    def _ask(self, owner: NDArray[np.int32], ts: NDArray[np.int64]) -> dict[tuple[int, int], dict[int, int]]:
        """(owner, time) -> series -> flag, of what is stored at these times."""
        names, wanted = self._names, defaultdict[tuple[int, int], set[int]](set)
        for number, time in zip(owner.tolist(), ts.tolist(), strict=True):
            wanted[number, time // _HOUR].add(time)
        flags = defaultdict[tuple[int, int], dict[int, int]](dict)
        groups = list(wanted.items())
        for some in (groups[low : low + _STATEMENTS] for low in range(0, len(groups), _STATEMENTS)):
            statements = []
            for (number, _), times in some:
                quantities = [quantity for _, quantity in names.series_of[number]]
                profile, device = names.profiles[number], names.devices[number]
                statements.append(readings_statement(profile, device, quantities, min(times), max(times) + 1))
            for ((number, _), times), found in zip(some, self._connection.query(self._bucket, statements), strict=True):
                for batch in (batch for series in found for batch in parse_readings(series, names.series_of[number])):
                    for index, time, flag in zip(
                        batch.series.tolist(), batch.ts.tolist(), batch.flag.tolist(), strict=True
                    ):
                        if time in times:
                            flags[number, time][index] = flag
        return flags
