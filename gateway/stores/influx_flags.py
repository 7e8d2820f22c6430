"""The line's `flag` where the line is not all in one block, and which readings may write over stored ones.

`flag` is the worst of a line. A block that brings only some of a device's quantities for a time that may be stored
already (a rewrite; a second message of the same instant) cannot tell the worst from its own rows: those few lines are
looked up. So are late readings: those that repeat what is stored keep its verdict (repetitions.py), and InfluxDB keeps
no trace of what is written over, which the ledger wants to know. Other whole lines, and times newer than anything
stored of the device, never are.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from gateway.stores.influx_connection import InfluxConnection
from gateway.stores.influx_queries import identifier, parse_readings, readings_statement, rows_of
from gateway.stores.keys import prints
from gateway.stores.line_names import LineNames
from gateway.stores.line_protocol import SEVERITY, severity
from gateway.stores.line_rows import Rows
from gateway.stores.line_text import spelled
from gateway.stores.repetitions import with_standing_verdicts
from processors.columns import ReadingBatch
from processors.flags import Why

__all__ = ["StoredFlags"]

_HOUR = 3_600_000_000_000
_DAY = 24 * _HOUR
_STATEMENTS = 50
_MANY = 500
"""Questions, one a device and hour; where a block has more, it is one a device and day."""
_NEVER = np.iinfo(np.int64).min
_UNKNOWN = np.iinfo(np.int64).max
_NO_TIMES: NDArray[np.int64] = np.empty(0, np.int64)


class StoredFlags:
    """Knows per device up to when it has lines in the bucket, and asks for the rest."""

    def __init__(self, connection: InfluxConnection, bucket: str, names: LineNames) -> None:
        self._connection = connection
        self._bucket = bucket
        self._names = names
        self._newest: NDArray[np.int64] = np.empty(0, np.int64)
        self._loaded: dict[str, dict[str, int]] = {}

    def complete(self, rows: Rows, changed: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.uint8], NDArray[np.int64]]:
        """Ask for what the rows alone don't tell. `changed`: prints of the keys that had other values in the block.

        Returns:
            the rows without verdicts on readings that are not stored;
            the rank of each line's worst flag;
            the times of the readings that stand over stored ones; of a block that is written again all may.
        """
        self._grow()
        owner, ts = self._names.owner[rows.series[rows.starts]], rows.ts[rows.starts]
        # a rewrite has taken the place of its reading's why
        late = ((rows.why & np.uint32(Why.LATE)) != 0) | (rows.rewritten & ~rows.verdict_only)
        verdict, late_line = _any_in(rows.verdict_only, rows.starts), _any_in(late, rows.starts)
        partial = rows.counts() < self._names.width[owner]
        for profile in {self._names.profiles[number] for number in np.unique(owner[partial | late_line]).tolist()}:
            self._load(profile)
        behind = ts <= self._newest[owner]
        np.maximum.at(self._newest, owner, ts)
        must = verdict | (partial & behind)
        unsure = np.flatnonzero(must | (late_line & behind))
        if not len(unsure):
            return rows, severity(rows), _NO_TIMES
        held = self._ask(owner[unsure], ts[unsure])
        times = rows.ts[np.isin(prints(rows.series, rows.ts), prints(held.series, held.ts)) & late]
        rows.flag, rows.why = self._kept(rows, held.take(~np.isin(prints(held.series, held.ts), changed)))
        rows, worst = self._judged(rows, severity(rows), np.flatnonzero(must), held)
        return rows, worst, times

    @staticmethod
    def _kept(rows: Rows, held: ReadingBatch) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """Flags and reasons, those that stand for what repeats them; a rewrite's are its own."""
        why = np.where(rows.rewritten, rows.why & ~np.uint32(Why.LATE), rows.why)
        kept = with_standing_verdicts(ReadingBatch(rows.series, rows.ts, rows.value, rows.flag, why), held)
        flag, why = (np.where(rows.rewritten, own, its) for own, its in ((rows.flag, kept.flag), (rows.why, kept.why)))
        return flag, why

    def _judged(
        self, rows: Rows, worst: NDArray[np.uint8], unsure: NDArray[np.intp], held: ReadingBatch
    ) -> tuple[Rows, NDArray[np.uint8]]:
        """With what is held of the `unsure` lines taken into account."""
        owners, starts = self._names.owner, rows.starts
        owner, ts = owners[rows.series[starts[unsure]]], rows.ts[starts[unsure]]
        held = held.take(np.isin(prints(owners[held.series], held.ts), prints(owner, ts)))
        stored = defaultdict[tuple[int, int], dict[int, int]](dict)
        for series, time, flag in zip(held.series.tolist(), held.ts.tolist(), held.flag.tolist(), strict=True):
            stored[int(owners[series]), time][series] = flag
        stay = np.ones(len(rows.ts), np.bool_)
        ends = starts + rows.counts()
        for line, whose, time in zip(unsure.tolist(), owner.tolist(), ts.tolist(), strict=True):
            here = slice(int(starts[line]), int(ends[line]))
            flags = stored.get((whose, time), {})
            stay[here] = ~rows.verdict_only[here] | np.isin(rows.series[here], list(flags))
            others = [SEVERITY[flag] for number, flag in flags.items() if number not in rows.series[here]]
            worst[line] = max([worst[line], *others])
        return (rows, worst) if stay.all() else (rows.keep(stay, self._names), worst[_any_in(stay, starts)])

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

    def _ask(self, owner: NDArray[np.int32], ts: NDArray[np.int64]) -> ReadingBatch:
        """What is stored of these devices at these times; `series` is the engine's index."""
        names, wanted = self._names, defaultdict[tuple[int, int], list[int]](list)
        many = len(np.unique(prints(owner, ts // _HOUR))) > _MANY
        span = _DAY if many else _HOUR
        for number, time in zip(owner.tolist(), ts.tolist(), strict=True):
            wanted[number, time // span].append(time)
        groups = list(wanted.items())
        parts: list[ReadingBatch] = []
        for some in (groups[low : low + _STATEMENTS] for low in range(0, len(groups), _STATEMENTS)):
            statements = []
            for (number, _), times in some:
                quantities = [quantity for _, quantity in names.series_of[number]]
                profile, device = names.profiles[number], names.devices[number]
                statements.append(readings_statement(profile, device, quantities, min(times), max(times) + 1))
            for ((number, _), _), found in zip(some, self._connection.query(self._bucket, statements), strict=True):
                parts += [batch for series in found for batch in parse_readings(series, names.series_of[number])]
        held = ReadingBatch.concat(parts)
        return held.take(np.isin(prints(names.owner[held.series], held.ts), prints(owner, ts)))


def _any_in(which: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """For each line whether one of its rows is chosen."""
    return np.logical_or.reduceat(which, starts) if len(starts) else np.empty(0, np.bool_)
