"""The charts of a device: what is drawn is what was asked for last, in whatever order answers come."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from gateway.console.pages.charts import Charts
from gateway.console.texts.words import Words
from gateway.console.view.chart_marks import AlarmSpan
from gateway.link.pages import ColumnPage

NOW = 1_772_412_960 * 10**9
ABOUT = {"id": "d1", "profile": "p", "interval_secs": 60.0, "series": []}


class Page:
    """What charts need of one."""

    def __init__(self, link: Any) -> None:
        self.words, self.now = Words("en"), NOW
        self.console = SimpleNamespace(link=link, zone=ZoneInfo("Asia/Shanghai"), titles={})
        self.said: list[str] = []

    async def theme(self) -> str:
        """The light one."""
        return "light"

    async def ask(self, _: str, **__: Any) -> dict[str, Any]:
        """Nothing is learned."""
        return {"ts": [], "series": []}

    def say(self, text: str, *, failed: bool = False) -> None:
        """Keep it."""
        self.said.append(text)


class Link:
    """Answers when it is let: readings or windows, as asked."""

    def __init__(self) -> None:
        self.let: list[asyncio.Event] = []

    async def read(self, *_: Any, step: int, **__: Any) -> ColumnPage:
        """See Link."""
        mine = asyncio.Event()
        self.let.append(mine)
        await mine.wait()
        names: Any = [SimpleNamespace(device="d1", quantity="u", unit="V", profile="p")]
        columns: dict[str, Any] = {"series": pa.array([0], pa.int32())}
        if step:
            columns |= {"start": [NOW], "mean": [1.0], "min": [1.0], "max": [1.0], "revision": [1], "pending": [False]}
        else:
            columns |= {"ts": [NOW], "value": [1.0], "flag": [1], "why": [0]}
        return ColumnPage(pa.table(columns), names, "duckdb", 0, NOW, None)


async def _none(_: int, __: int) -> Sequence[AlarmSpan]:
    return ()


def charts(link: Link) -> Charts:
    series = [{"quantity": "u", "unit": "V", "profile": "p"}]
    made = Charts(Page(link), {**ABOUT, "series": series}, [], _none)  # type: ignore[arg-type]
    made._groups = []
    made._bar = SimpleNamespace(show=lambda _: None)  # type: ignore[assignment]
    return made


async def test_an_answer_that_comes_after_another_question_is_not_drawn() -> None:
    link = Link()
    made = charts(link)
    made._axis.secs = 3_600
    first = asyncio.create_task(made._load())
    await asyncio.sleep(0)
    made._axis.secs = 30 * 86_400
    second = asyncio.create_task(made._load())
    await asyncio.sleep(0)
    readings, windows = link.let
    readings.set()
    await first
    assert (made._answer, made._shown) == (None, (0, 0))
    windows.set()
    await second
    assert made._step > 0
    assert made._answer is not None
    assert "start" in made._answer.table.column_names
    assert made._shown == (NOW - 30 * 86_400 * 10**9, NOW)


async def test_an_answer_that_is_overtaken_is_not_drawn() -> None:
    link = Link()
    made = charts(link)
    made._axis.secs = 30 * 86_400
    first = asyncio.create_task(made._load())
    await asyncio.sleep(0)
    made._axis.secs = 3_600
    second = asyncio.create_task(made._load())
    await asyncio.sleep(0)
    windows, readings = link.let
    readings.set()
    await second
    windows.set()
    await first
    assert made._step == 0
    assert made._shown == (NOW - 3_600 * 10**9, NOW)
