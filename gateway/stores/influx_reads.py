"""What is read back from InfluxDB, by the gateway's store or another process. Synchronous, for a thread of reads."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from gateway.errors import Halt
from gateway.stores.base import SeriesId, StoredAggregates, StoredReadings
from gateway.stores.figures import FigureBatch, FigureId, StoredFigures
from gateway.stores.influx_config import Bucket, InfluxConfig
from gateway.stores.influx_queries import (
    aggregates_statement,
    count_statements,
    figures_statement,
    latest_statement,
    parse_aggregates,
    parse_figures,
    parse_readings,
    readings_statement,
    time_of,
)
from gateway.stores.influx_results import Series
from processors.columns import AggregateBatch, ReadingBatch

__all__ = ["MARK", "InfluxReads", "Queries"]

MARK = "cityloom_journal"
"""Measurement of the journal's mark, which holds no readings."""
_STATEMENTS = 50
"""Statements a request."""
_DAY = 86_400_000_000_000

B = TypeVar("B", ReadingBatch, AggregateBatch)
Wanted = list[tuple[int, str]]
"""Quantities of one device, or figures of one asset, each with its place among the names that were asked for."""


class Queries(Protocol):
    """Who asks InfluxDB."""

    def query(self, bucket: str, statements: list[str]) -> list[list[Series]]:
        """Run InfluxQL statements on a bucket; times come as ns. Raises Retry or Halt."""
        ...


class InfluxReads:
    """Reads by name; a series of unknown profile is looked for in every measurement."""

    def __init__(self, queries: Queries, config: InfluxConfig, profile_of: Callable[[SeriesId], str | None]) -> None:
        """`profile_of` a series; None: not known."""
        self._queries = queries
        self._config = config
        self._profile_of = profile_of

    def readings(self, series: Sequence[SeriesId], start: int, end: int, limit: int | None = None) -> StoredReadings:
        """Readings with start <= ts < end; of these the earliest `limit` at most, but one instant whole."""
        names = tuple(dict.fromkeys(series))
        most = _lines(limit, len(names))
        found = self._by_device(
            self._config.raw,
            names,
            lambda profile, device, quantities: readings_statement(profile, device, quantities, start, end, most),
        )
        batch = ReadingBatch.concat([part for one, wanted in found for part in parse_readings(one, wanted)])
        more = _more([one for one, _ in found], most, batch.ts, limit)
        batch = batch if more is None else batch.take(batch.ts < more)
        return StoredReadings(names, _ordered(batch, "ts"), more)

    def aggregates(
        self, series: Sequence[SeriesId], step: int, start: int, end: int, limit: int | None = None
    ) -> StoredAggregates:
        """Windows of `step` with start <= window start < end; `limit` as with readings."""
        names = tuple(dict.fromkeys(series))
        most = _lines(limit, len(names))
        found = self._by_device(
            self.bucket_of(step),
            names,
            lambda profile, device, quantities: aggregates_statement(
                profile, device, quantities, step=step, start=start, end=end, most=most
            ),
        )
        batch = AggregateBatch.concat([part for one, wanted in found for part in parse_aggregates(one, wanted, step)])
        more = _more([one for one, _ in found], most, batch.start, limit)
        batch = batch if more is None else batch.take(batch.start < more)
        return StoredAggregates(names, _ordered(batch, "start"), more)

    def figures(self, figures: Sequence[FigureId], start: int, end: int, limit: int | None = None) -> StoredFigures:
        """Figures with start <= ts < end; `limit` as with readings."""
        names = tuple(dict.fromkeys(figures))
        most = _lines(limit, len(names))
        groups = defaultdict[tuple[str, str], Wanted](list)
        for number, name in enumerate(names):
            groups[name.condition, name.asset].append((number, name.name))
        statements = [
            figures_statement(condition, asset, [name for _, name in wanted], start, end, most)
            for (condition, asset), wanted in groups.items()
        ]
        answers = self._query(self._config.figures, statements)
        found = [(one, wanted) for wanted, answer in zip(groups.values(), answers, strict=True) for one in answer]
        batch = FigureBatch.concat([part for one, wanted in found for part in parse_figures(one, wanted)])
        more = _more([one for one, _ in found], most, batch.ts, limit)
        batch = batch if more is None else batch.take(batch.ts < more)
        return StoredFigures(names, batch.take(np.lexsort((batch.ts, batch.figure))), more)

    def latest(self, series: Sequence[SeriesId]) -> StoredReadings:
        """The newest reading of each series that has one."""
        names = tuple(dict.fromkeys(series))
        statements = [latest_statement(self._profile_of(name), name.device, name.quantity) for name in names]
        answers = self._query(self._config.raw, statements)
        found = [
            part
            for number, (name, answer) in enumerate(zip(names, answers, strict=True))
            for one in answer
            for part in parse_readings(one, [(number, name.quantity)])
        ]
        batch = _ordered(ReadingBatch.concat(found), "ts")
        last = np.append(batch.series[1:] != batch.series[:-1], True) if len(batch) else np.empty(0, np.bool_)
        return StoredReadings(names, batch.take(last))

    def days(self, first: int, end: int) -> dict[int, int]:
        """How many distinct (series, ts) each UTC day from `first` to before `end` has, where it has any.

        They are points with a value or a flag of a quantity.
        """
        [found] = self._query(self._config.raw, ["SHOW FIELD KEYS"])
        days: Counter[int] = Counter()
        bounds = first * _DAY, end * _DAY
        for one in found:
            if one.name == MARK:
                continue
            kinds = dict(msgspec.json.decode(one.values, type=list[tuple[str, str]]))
            quantities = {name for name, kind in kinds.items() if kind == "float"}
            quantities |= {name.removesuffix("_flag") for name in kinds if name.endswith("_flag")}
            for statements in (count_statements(one.name, quantity, *bounds) for quantity in sorted(quantities)):
                value, flag, both = (_by_day(answer) for answer in self._query(self._config.raw, statements))
                days.update(value)
                days.update(flag)
                days.subtract(both)
        return {day: number for day, number in sorted(days.items()) if number}

    def bucket_of(self, step: int) -> Bucket:
        """The bucket of windows of `step` seconds. Raises Halt where none is configured."""
        bucket = self._config.aggregates.get(step)
        if bucket is None:
            raise Halt(f"No bucket is configured for windows of {step} s.", "Name one in the store's configuration.")
        return bucket

    def _query(self, bucket: Bucket, statements: list[str]) -> list[list[Series]]:
        answers = []
        for low in range(0, len(statements), _STATEMENTS):
            answers += self._queries.query(bucket.name, statements[low : low + _STATEMENTS])
        return answers

    def _by_device(
        self, bucket: Bucket, names: Sequence[SeriesId], statement: Callable[[str | None, str, list[str]], str]
    ) -> list[tuple[Series, Wanted]]:
        """One statement a device."""
        groups = defaultdict[tuple[str | None, str], Wanted](list)
        for number, name in enumerate(names):
            groups[self._profile_of(name), name.device].append((number, name.quantity))
        statements = [
            statement(profile, device, [quantity for _, quantity in wanted])
            for (profile, device), wanted in groups.items()
        ]
        answers = self._query(bucket, statements)
        return [(one, wanted) for wanted, answer in zip(groups.values(), answers, strict=True) for one in answer]


def _lines(limit: int | None, names: int) -> int | None:
    """How many lines to ask for a device: a line has a reading of every name at most; one more tells of the rest."""
    return None if limit is None else max(limit // max(names, 1), 1) + 1


def _more(answers: Sequence[Series], most: int | None, times: NDArray[np.int64], limit: int | None) -> int | None:
    """The time before which all answers are whole and hold no more than the limit; None: there is nothing more."""
    if most is None or limit is None:
        return None
    cuts = [cut for one in answers if (cut := time_of(one, most - 1)) is not None]
    if len(times) > limit:
        ordered = np.sort(times)
        past, first = int(ordered[limit]), int(ordered[0])
        if past > first or ordered[-1] > first:
            cuts.append(max(past, first + 1))
    return min(cuts, default=None)


def _by_day(answer: Sequence[Series]) -> Counter[int]:
    return Counter({
        start // _DAY: number
        for one in answer
        for start, number in msgspec.json.decode(one.values, type=list[tuple[int, int]])
    })  # fmt: skip


def _ordered(batch: B, time: str) -> B:
    return batch.take(np.lexsort((getattr(batch, time), batch.series)))
