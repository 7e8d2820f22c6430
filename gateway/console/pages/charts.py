"""The charts of a device: one a unit over one time axis, which buttons and zooming move; finer data is loaded then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from nicegui import ui
from nicegui.events import GenericEventArguments

from gateway.console.nodes import Keyed, Node, act, el, slot
from gateway.console.page import Page
from gateway.console.parts.live_view import Act
from gateway.console.theme import THEMES
from gateway.console.view.chart import chart_options
from gateway.console.view.chart_marks import AlarmSpan
from gateway.console.view.device import SPANS, Group, groups_of
from gateway.console.view.exports import EXPORTS, export_address
from gateway.console.view.format import local_time
from gateway.console.view.judged import Limit, judges, limits_of
from gateway.console.view.series import (
    Readings,
    UsualBand,
    Windows,
    by_series,
    local_ms,
    readings_of,
    step_for,
    usual_of,
    windows_of,
)
from gateway.engine.usual import CLIMATOLOGY
from gateway.errors import GatewayError
from gateway.link.pages import ColumnPage

__all__ = ["Charts"]

_SECOND = 1_000_000_000
_LEAST_SPAN = 5 * _SECOND
_MOST_SPAN = 400 * 86_400 * _SECOND
_AGAIN_TICKS = 6
"""Half seconds between two looks for newer data while the axis ends now."""
_MOST_ROWS = 400_000
_USUAL_NS = 60 * _SECOND
"""So far the axis may move on before it is asked again what is usual."""
_STEPS = {60: "1 min", 900: "15 min", 3_600: "1 h", 86_400: "1 d"}


@dataclass(slots=True)
class _Axis:
    """What the time axis shows: its last `secs` seconds while `end` is None, else [start, end) in UTC ns."""

    secs: int = 21_600
    start: int = 0
    end: int | None = None


class Charts:
    """`about`: the desk's record of a device, with its series. `alarms(start, end)` gives what to mark."""

    def __init__(self, page: Page, about: Mapping[str, Any], places: Sequence[str], alarms: Any) -> None:
        self._page, self._words, self._about = page, page.words, about
        self._places, self._alarms = places, alarms
        self._groups = groups_of(about["series"])
        self._axis = _Axis()
        self._ticks = 0
        self._charts: list[ui.echart] = []
        self._answer: ColumnPage | None = None
        self._step = 0
        self._asked = 0
        """How often data was asked for."""
        self._shown: tuple[int, int] = (0, 0)
        self._usual: Mapping[str, UsualBand] = {}
        self._usual_of: tuple[int, int] = (0, 0)
        """The time that it is known for."""

    async def build(self) -> None:
        """Draw them; they are filled as soon as the browser is there."""
        words = self._words
        self._bar = self._page.show(
            el(
                "section.panel",
                el("div.row", slot("spans", "span.row"), slot("ways", "span.row"), slot("shows", "span.muted")),
                slot("usual", "p.muted"),
            ),
            self._slots(),
            self._act,
        )
        for group in self._groups:
            names = ", ".join(words.term("quantity", name) for name in group.quantities)
            with ui.element("section").classes("panel chart"):
                chart = ui.echart({"series": []}).props(f'role=img aria-label="{words("chart.of")}"').classes("echart")
                chart.props["aria-label"] = f"{words('chart.of')} {names}"
                chart.on("chart:datazoom", self._zoomed, ["batch", "start", "end"], throttle=0.4, leading_events=False)
                self._charts.append(chart)
        self._page.every_tick(self._look)
        self._page.on_theme(self._draw)

    def _slots(self) -> dict[str, Keyed]:
        words, axis = self._words, self._axis
        live = axis.end is None
        spans = [
            (
                label,
                act(
                    label, "span", str(secs), class_="b", aria_pressed="true" if live and secs == axis.secs else "false"
                ),
            )
            for label, secs in SPANS
        ]
        ways: list[tuple[str, Node]] = [
            ("back", act("◀", "earlier", class_="b", aria_label=words("chart.earlier"), title=words("chart.earlier"))),
            (
                "on",
                act(
                    "▶",
                    "later",
                    class_="b",
                    aria_label=words("chart.later"),
                    title=words("chart.later"),
                    disabled="disabled" if live else None,
                ),
            ),
            ("out", act("−", "out", class_="b", aria_label=words("chart.out"), title=words("chart.out"))),
            ("live", act(words("chart.live"), "live", class_="b", aria_pressed="true" if live else "false")),
        ]
        ways += [(kind, self._export(name, kind)) for name, kind in EXPORTS if self._shown[1]]
        learned = [("usual", el("span", self._learned()))] if self._usual_of[1] else []
        return {"spans": spans, "ways": ways, "shows": [("shows", el("span", self._said()))], "usual": learned}

    def _learned(self) -> str:
        words = self._words
        if not self._usual:
            return words("chart.usual_none")
        said = [
            words("chart.usual_one", what=words.term("quantity", band.quantity), by=self._by(band))
            for band in self._usual.values()
        ]
        return words("chart.usual_by", learned=", ".join(said))

    def _by(self, band: UsualBand) -> str:
        if band.by == CLIMATOLOGY:
            return self._words("chart.usual_check")
        return self._words.condition(band.by, self._page.console.titles.get(band.by, ""))

    def _export(self, name: str, kind: str) -> Node:
        said = self._words("chart.export", kind=name)
        address = export_address(str(self._about["id"]), *self._shown, self._step, kind)
        return el("a.b", name, href=address, download="", title=said, aria_label=said)

    def _said(self) -> str:
        start, end = self._shown
        if not end:
            return self._words("frame.loading")
        zone = self._page.console.zone
        kind = (
            self._words("chart.readings") if not self._step else self._words("chart.windows", step=_STEPS[self._step])
        )
        number = 0 if self._answer is None else len(self._answer)
        rows = self._words("chart.rows", n=f"{number:,}")
        return f"{local_time(start, zone)} – {local_time(end, zone)} · {kind} · {rows}"

    # -- moving --------------------------------------------------------------------------------------------------------

    async def _act(self, said: Act) -> None:
        start, end = self._shown
        length = max(end - start, _LEAST_SPAN)
        match said.name:
            case "span" if said.key.isdecimal():
                self._axis = _Axis(min(max(int(said.key), 5), _MOST_SPAN // _SECOND))
            case "live":
                self._axis = _Axis(max(length // _SECOND, 60))
            case "earlier":
                self._fix(start - length // 2, end - length // 2)
            case "later":
                self._fix(start + length // 2, end + length // 2)
            case "out":
                self._fix(start - length // 2, end + length // 2)
        await self._load()

    def _fix(self, start: int, end: int) -> None:
        now = self._page.now
        length = min(max(end - start, _LEAST_SPAN), _MOST_SPAN)
        if end >= now:
            self._axis = _Axis(max(length // _SECOND, 5))
        else:
            self._axis = _Axis(length // _SECOND, end - length, end)

    async def _zoomed(self, event: GenericEventArguments) -> None:
        said = event.args if isinstance(event.args, dict) else {}
        batch = said.get("batch") or [said]
        part = batch[0] if isinstance(batch, list) and batch and isinstance(batch[0], dict) else {}
        first, last = part.get("start"), part.get("end")
        if part.get("startValue") is not None and first is None:
            low, high = self._local
            first = (part["startValue"] - low) / (high - low) * 100
            last = (part["endValue"] - low) / (high - low) * 100
        if not isinstance(first, int | float) or not isinstance(last, int | float) or last - first > 99.9:
            return
        start, end = self._shown
        length = end - start
        self._fix_exactly(start + round(length * first / 100), start + round(length * last / 100))
        await self._load()

    def _fix_exactly(self, start: int, end: int) -> None:
        end = max(end, start + _LEAST_SPAN)
        self._axis = _Axis((end - start) // _SECOND, start, end)

    @property
    def _local(self) -> tuple[float, float]:
        low, high = local_ms(np.array(self._shown, np.int64), self._page.console.zone).tolist()
        return low, high

    # -- data ----------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        self._ticks += 1
        if not self._page.now or (self._shown[1] and (self._axis.end is not None or self._ticks % _AGAIN_TICKS)):
            return
        await self._load()

    async def _load(self) -> None:
        now = self._page.now
        if not now:
            return
        axis = self._axis
        end = now if axis.end is None else axis.end
        start = end - axis.secs * _SECOND if axis.end is None else axis.start
        step = step_for(end - start, self._about.get("interval_secs"))
        series = [(self._about["id"], each["quantity"]) for each in self._about["series"]]
        if not series:
            return
        self._asked += 1
        number, answer = self._asked, None
        try:
            answer = await self._page.console.link.read(series, start, end, step=step, limit=_MOST_ROWS)
        except GatewayError as error:
            self._page.say(self._words("frame.failed", problem=error.problem, remedy=error.remedy), failed=True)
        await self._ask_usual(start, end)
        if number != self._asked:
            return  # somebody has moved on meanwhile: what was asked then is drawn
        self._answer, self._step, self._shown = answer, step, (start, end)
        await self._draw()

    async def _ask_usual(self, start: int, end: int) -> None:
        """Now and then, and where another time is shown."""
        known = self._usual_of
        moved = start < known[0] or end > known[1] or end - start < (known[1] - known[0]) // 2
        if not moved:
            return
        ahead = _USUAL_NS if self._axis.end is None else 0
        found = await self._page.ask("usual", device=self._about["id"], start=start, end=end + ahead)
        if found is not None:
            self._usual, self._usual_of = usual_of(found, self._page.console.zone), (start, end + ahead)

    async def _draw(self) -> None:
        self._bar.show(self._slots())
        if self._answer is None:
            return
        zone, page = self._page.console.zone, self._page
        drawn: dict[str, Readings | Windows] = {}
        for name, columns in by_series(self._answer.table, self._answer.names):
            if self._step:
                drawn[name.quantity] = windows_of(name.quantity, name.unit, self._step, columns, zone)
            else:
                drawn[name.quantity] = readings_of(
                    name.quantity, name.unit, columns["ts"], columns["value"], columns["flag"], columns["why"], zone
                )
        answer = self._answer
        alarms: Sequence[AlarmSpan] = await self._alarms(*self._shown)
        colours = THEMES[await page.theme()]
        if self._answer is not answer:
            return  # and has been drawn, or will be
        for group, chart in zip(self._groups, self._charts, strict=True):
            mine = [drawn[name] for name in group.quantities if name in drawn]
            about = [each for each in alarms if self._is_about(each, group)]
            options = chart_options(
                self._words,
                colours,
                mine,
                group.unit,
                self._local,
                self._limits(group),
                about,
                self._title(group),
                self._usual,
            )
            if chart.options != options:
                chart.options.clear()
                chart.options.update(options)
                chart.update()

    def _is_about(self, alarm: AlarmSpan, group: Group) -> bool:
        condition = self._page.console.conditions.get(alarm.condition)
        return judges(condition, str(self._about["profile"]), group.quantities)

    def _title(self, group: Group) -> str:
        names = ", ".join(self._words.term("quantity", name) for name in group.quantities)
        return f"{self._words('chart.of')} {names}"

    def _limits(self, group: Group) -> list[Limit]:
        console = self._page.console
        return limits_of(console.conditions, str(self._about["profile"]), group.quantities[0], places=self._places)
