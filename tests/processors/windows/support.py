"""A plain reference of all windows of a few readings, one by one and by the definitions, and days from time zones."""

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from processors.columns import AggregateBatch

S = 1_000_000_000
DAY = 86_400


class Reading(NamedTuple):
    series: int
    ts: int
    value: float
    flag: int


class Columns(NamedTuple):
    series: NDArray[np.int32]
    ts: NDArray[np.int64]
    value: NDArray[np.float64]
    flag: NDArray[np.uint8]


def columns(readings: list[Reading]) -> Columns:
    return Columns(
        np.array([r.series for r in readings], np.int32),
        np.array([r.ts for r in readings], np.int64),
        np.array([r.value for r in readings], np.float64),
        np.array([r.flag for r in readings], np.uint8),
    )


def utc(text: str) -> int:
    """UTC ns of an ISO time without zone."""
    return (
        int((datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * S
    )


def midnights(zone: str, first: str, days: int) -> NDArray[np.int64]:
    """Local midnights as UTC ns, from the standard library's time zones."""
    day = datetime.fromisoformat(first)
    local = [(day + timedelta(days=k)).replace(tzinfo=ZoneInfo(zone)) for k in range(days + 1)]
    return np.array([int(moment.timestamp()) * S for moment in local], np.int64)


STEPS = {10: (10, 60, 900, 3600, DAY), 60: (60, 900, 3600, DAY), 900: (900, 3600, DAY), 3600: (3600, DAY)}


def reference(
    readings: list[Reading], panes: list[int], edges: NDArray[np.int64], until: list[int]
) -> dict[tuple[int, int, int], dict[str, float]]:
    """Statistics of each (series, step, start) that ends by `until[series]`. `_reach`: what a sketch may be off."""
    windows: dict[tuple[int, int, int, int], list[Reading]] = defaultdict(list)
    for reading in readings:
        for step in STEPS[panes[reading.series]]:
            if step == DAY:
                at = int(np.searchsorted(edges, reading.ts, side="right")) - 1
                start, end = int(edges[at]), int(edges[at + 1])
            else:
                start = reading.ts - reading.ts % (step * S)
                end = start + step * S
            windows[reading.series, step, start, end].append(reading)
    return {
        (series, step, start): _statistics(sorted(held, key=lambda r: r.ts), end)
        for (series, step, start, end), held in windows.items()
        if end <= until[series]
    }


def _statistics(held: list[Reading], end: int) -> dict[str, float]:
    used = [r for r in held if r.flag not in (4, 9)]
    out = {"count": float(len(used)), "good": sum(r.flag in (1, 2) for r in held) / len(held)}
    if not used:
        names = ("min", "max", "mean", "twmean", "std", "first", "last", "p50", "p50_reach", "p95", "p95_reach")
        return out | dict.fromkeys(names, math.nan)
    values = [r.value + 0.0 for r in used]  # minus zero is zero
    mean = math.fsum(values) / len(values)
    until = [r.ts for r in used[1:]] + [end]
    held_for = [after - r.ts for r, after in zip(used, until, strict=True)]
    out |= {
        "min": min(values),
        "max": max(values),
        "first": values[0],
        "last": values[-1],
        "mean": mean,
        "std": math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values)),
        "twmean": math.fsum(v * d for v, d in zip(values, held_for, strict=True)) / sum(held_for),
    }
    ordered = sorted(values)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        out[name] = float(np.quantile(values, share))
        rank = math.floor(share * (len(values) - 1))
        around = ordered[rank], ordered[min(rank + 1, len(values) - 1)]
        out[f"{name}_reach"] = 0.02 * max(map(abs, around))
    return out


def rows(batch: AggregateBatch) -> list[tuple[float, ...]]:
    """Rows as tuples of bits, so that equal means bit-equal and NaN equals NaN."""
    return list(zip(*(column.view(f"u{column.itemsize}").tolist() for column in batch.arrays().values()), strict=True))


def check(
    batch: AggregateBatch, wanted: dict[tuple[int, int, int], dict[str, float]], exact_below: dict[int, int]
) -> None:
    """Compare with `reference`; `exact_below[series]` is the first step whose p50 and p95 come from a sketch."""
    keys = list(zip(batch.series.tolist(), batch.step.tolist(), batch.start.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    assert set(keys) == set(wanted)
    for k, key in enumerate(keys):
        want = wanted[key]
        for name in ("count", "good", "min", "max", "first", "last"):
            np.testing.assert_equal(float(getattr(batch, name)[k]), want[name], err_msg=f"{key} {name}")
        scale = max(abs(want["min"]), abs(want["max"])) if want["count"] else 0.0
        for name in ("mean", "twmean", "std"):
            got = float(getattr(batch, name)[k])
            np.testing.assert_allclose(
                got, want[name], rtol=1e-9, atol=1e-300 + (1e-7 if name == "std" else 1e-9) * scale
            )
        for name in ("p50", "p95"):
            got = float(getattr(batch, name)[k])
            reach = 1e-12 * scale if key[1] < exact_below[key[0]] else want[f"{name}_reach"] * (1 + 1e-9) + 2e-9
            np.testing.assert_allclose(got, want[name], rtol=0, atol=reach, err_msg=f"{key} {name}")
