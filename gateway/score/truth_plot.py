"""A picture of truth against what was seen: series with their troubles and alarms, and all alarms on one time axis.

Drawn are the series with the worst deviations, then those of troubled assets, the ones that went wrong first: what was
measured as a line, what is stored as dots, and what is odd about it as crosses.
"""

# ruff: noqa: S608 - what is put into SQL text are numbers, and names with their quotes doubled

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from gateway.score.troubles import Expected, Raised
from gateway.score.truth_book import TruthBook
from gateway.score.truth_score import RunScore

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NoPlots", "draw_score"]

_MOST_PANELS = 6
_MOST_POINTS = 4_000
_TRUTH, _SEEN, _ODD, _TROUBLE, _ALARM, _RIGHT, _FALSE = (
    "#7f8c8d", "#1f77b4", "#d62728", "#f5b041", "#c0392b", "#1e8449", "#8e44ad",
)  # fmt: skip


class NoPlots(Exception):
    """Without matplotlib there is no picture; says how to get it."""


class _Scene(NamedTuple):
    book: TruthBook
    score: RunScore
    alarms: Sequence[Raised]
    span: tuple[int, int]


class _Panel(NamedTuple):
    device: str
    quantity: str
    why: str
    trouble: Expected | None


def draw_score(book: TruthBook, score: RunScore, alarms: Sequence[Raised], path: Path) -> None:
    """Draw into `path`; its suffix says whether SVG or PNG.

    Raises:
        NoPlots: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  an extra
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise NoPlots("No picture: it needs matplotlib (`pip install 'cityloom[plots]'`).") from error
    zone = ZoneInfo(score.run.story["timezone"])
    panels = _panels(book, score)
    start, end = _span(book)
    scene = _Scene(book, score, alarms, (start, end))
    with mpl.rc_context({"svg.fonttype": "none", "font.size": 9, "axes.titlesize": 9}):
        rows = _timeline_rows(score)
        heights = [1.6] * len(panels) + [0.5 + 0.2 * max(len(rows), 3)]
        figure = Figure(figsize=(11, sum(heights) + 0.45 * len(heights) + 0.8), layout="constrained")
        axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
        for ax, panel in zip(axes, panels, strict=False):
            _draw_panel(scene, ax, panel, legend=panel is panels[0])
        _draw_timeline(axes[-1], score, rows, zone)
        axes[-1].set_xlim(_days(start), _days(end))
        name = score.run.scenario or "run"
        wrong = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in score.wrong.items())
        figure.suptitle(f"{name}, seed {score.run.story['seed']}: {wrong or 'all is as it ought to be'}", fontsize=11)
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _panels(book: TruthBook, score: RunScore) -> list[_Panel]:
    """Series with the most that is odd, then those of missed and other troubles."""
    out: dict[tuple[str, str], _Panel] = {}
    tally: dict[tuple[str, str], int] = {}
    for each in score.readings.odd:
        if each.quantity:
            tally[each.device, each.quantity] = tally.get((each.device, each.quantity), 0) + 1
    for window in score.windows.odd:
        tally[window.device, window.quantity] = tally.get((window.device, window.quantity), 0) + 1
    worst = sorted(tally, key=lambda key: (-tally[key], key))[: _MOST_PANELS // 2]
    for device, quantity in worst:
        out[device, quantity] = _Panel(device, quantity, f"{tally[device, quantity]} odd", None)
    for verdict in sorted(score.alarms.verdicts, key=lambda each: (each.right, bool(each.alarms), each.expected.start)):
        if len(out) >= _MOST_PANELS:
            break
        series = _troubled(book, verdict.expected)
        if series is not None:
            word = "missed" if not verdict.alarms else "right" if verdict.right else "not right"
            out.setdefault(series, _Panel(*series, f"{verdict.expected.kind}: {word}", verdict.expected))
    return list(out.values())


def _troubled(book: TruthBook, trouble: Expected) -> tuple[str, str] | None:
    """Of the series at the trouble's place the one that it moves most, against its own spread before."""
    rows = book.rows(f"""
        WITH there AS (
            SELECT w.device, w.quantity, w.low AS value, w.ts >= {trouble.start} AND w.ts < {trouble.end} AS during
            FROM want AS w JOIN devices AS d USING (device)
            WHERE '{_quoted(trouble.at)}' IN (d.device, d.asset, d.zone) AND w.low IS NOT NULL
        )
        SELECT device, quantity, abs(avg(value) FILTER (during) - avg(value) FILTER (NOT during))
                   / greatest(stddev_pop(value) FILTER (NOT during), 1e-6 * max(abs(value)), 1e-9) AS moved
        FROM there GROUP BY device, quantity HAVING count(*) FILTER (during) > 0 AND count(*) FILTER (NOT during) > 0
        ORDER BY moved DESC, device, quantity LIMIT 1
    """)
    return (rows[0]["device"], rows[0]["quantity"]) if rows else None


def _draw_panel(scene: _Scene, ax: "Axes", panel: _Panel, *, legend: bool) -> None:
    book, score, alarms, span = scene
    where = [panel.device, panel.quantity]
    files = _quoted(str(score.run.folder / "measured-*.parquet"))
    true = book.db.execute(
        f"SELECT ts, value FROM '{files}' WHERE device = ? AND quantity = ? ORDER BY ts",
        where,
    ).fetchnumpy()
    seen = book.db.execute(
        f"SELECT ts, value FROM stored WHERE device = ? AND quantity = ? AND ts BETWEEN {span[0]} AND {span[1]} "
        "ORDER BY ts", where,
    ).fetchnumpy()  # fmt: skip
    ax.plot(*_points(true), color=_TRUTH, linewidth=2.2, alpha=0.55, label="measured")
    ax.plot(*_points(seen), ".", color=_SEEN, markersize=2.5, label="stored")
    odd = [each for each in score.readings.odd if [each.device, each.quantity] == where]
    marked = [(each.ts, each.expected if each.found is None else each.found) for each in odd]
    shown = [(ts, value) for ts, value in marked if value is not None and span[0] <= ts <= span[1]]
    if shown:
        ax.plot([_days(ts) for ts, _ in shown], [value for _, value in shown], "x", color=_ODD, markersize=8,
                markeredgewidth=2, label=" and ".join(sorted({each.kind for each in odd})))  # fmt: skip
    places = {*_places(book, panel.device), *([panel.trouble.at] if panel.trouble is not None else [])}
    for trouble in score.run.troubles:
        if trouble.at in places or trouble is panel.trouble:
            ax.axvspan(_days(trouble.start), _days(trouble.end), color=_TROUBLE, alpha=0.18, linewidth=0)
    for alarm in alarms:
        if alarm.asset in places:
            ax.axvline(_days(alarm.raised), color=_ALARM, linewidth=1.2, linestyle="--")
            ax.annotate(
                alarm.condition, (_days(alarm.raised), 0.95), xycoords=("data", "axes fraction"),
                xytext=(3, 0), textcoords="offset points", rotation=90, va="top", ha="left", fontsize=7, color=_ALARM,
                bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.8},
            )  # fmt: skip
    ax.set_title(f"{panel.device}  {panel.quantity}   ({panel.why})", loc="left")
    if legend or shown:
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7, frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.2)


def _places(book: TruthBook, device: str) -> list[str]:
    row = book.db.execute("SELECT device, asset FROM devices WHERE device = ?", [device]).fetchone()
    return [place for place in row or (device,) if place]


def _timeline_rows(score: RunScore) -> list[tuple[str, Expected | None, list[Raised]]]:
    rows: list[tuple[str, Expected | None, list[Raised]]] = [
        (f"{verdict.expected.kind} at {verdict.expected.at}", verdict.expected, verdict.alarms)
        for verdict in sorted(score.alarms.verdicts, key=lambda each: each.expected.start)
    ]
    if score.false_alarms:
        rows.append(("without explanation", None, list(score.false_alarms)))
    if score.disturbed:
        rows.append(("from faults of devices", None, list(score.disturbed)))
    return rows


def _draw_timeline(
    ax: "Axes", score: RunScore, rows: list[tuple[str, Expected | None, list[Raised]]], zone: ZoneInfo
) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415

    right = {id(verdict.expected): verdict.right for verdict in score.alarms.verdicts}
    for place, (_, trouble, alarms) in enumerate(rows):
        if trouble is not None:
            begin, end = _days(trouble.start), _days(trouble.end)
            ax.barh(place, end - begin, left=begin, height=0.7, color=_TROUBLE, alpha=0.45)
        for alarm in alarms:
            color = _FALSE if trouble is None else _RIGHT if right[id(trouble)] else _ALARM
            ax.plot(_days(alarm.raised), place, "v", color=color, markersize=4 if trouble is None else 7)
            if alarm.cleared is not None and trouble is not None:
                ax.plot(_days(alarm.cleared), place, "o", color=color, markersize=4, fillstyle="none")
        if trouble is not None and not alarms:
            ax.plot(_days(trouble.start), place, "x", color=_ODD, markersize=8, markeredgewidth=2.5)
    ax.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=7)
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    ax.set_title("troubles (bars), alarms raised (triangles) and over (circles), missed (crosses)", loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", alpha=0.2)
    locator: Any = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


def _span(book: TruthBook) -> tuple[int, int]:
    """From the first to the last message that was due: clocks that are years off stretch no axis."""
    row = book.db.execute("SELECT min(due), max(due) FROM sent").fetchone()
    start, end = row if row is not None and row[0] is not None else (0, 1)
    return int(start), max(int(end), int(start) + 1)


def _points(columns: Any) -> tuple[Any, Any]:
    """At most so many that a picture stays small; extremes are kept in each piece."""
    ts = np.asarray(columns["ts"])
    value = np.ma.filled(np.ma.asarray(columns["value"], np.float64), np.nan)
    if len(ts) > _MOST_POINTS:
        width = -(-len(ts) * 2 // _MOST_POINTS)
        keep: set[int] = set()
        for first in range(0, len(ts), width):
            part = value[first : first + width]
            if not np.isnan(part).all():
                keep |= {first + int(np.nanargmin(part)), first + int(np.nanargmax(part))}
        which = np.array(sorted(keep), np.int64)
        ts, value = ts[which], value[which]
    return ts / 86_400e9, value


def _days(ns: int) -> float:
    """As matplotlib counts time: days since 1970, UTC."""
    return ns / 86_400e9


def _quoted(text: str) -> str:
    return text.replace("'", "''")
