"""Makes reports in a process of its own: `python -m gateway.reports.worker`, started by the press (press.py).

stdin   one line: the settings, what is to be made; then nothing until the one who started it ends
stdout  lines of JSON: how far it is, what was made, what went wrong

It takes a day's data some 20 s of CPU. The web process has streams to serve meanwhile, so this one is nice to it.
"""

import asyncio
import os
import sys
import threading
import time
import traceback
from contextlib import aclosing, suppress
from typing import Any

import msgspec

from gateway.config.city import City
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import GatewayError
from gateway.link.door import Door
from gateway.link.pages import ColumnPage
from gateway.reports.make import make_each
from gateway.reports.period import Period
from gateway.reports.shelf import Shelf

__all__ = ["Order", "Said", "Share", "shelf_of"]

_ANSWER_SECS = 120.0
_NICE = 10
_TELL_SECS = 0.2
"""So often it tells how far it is."""
_MB = 1_000_000


class Order(msgspec.Struct):
    """What is to be made."""

    settings: dict[str, Any]
    """See `plain_settings`."""
    period: Period
    domains: list[str]
    lang: str
    operators: int
    by: str


class Said(msgspec.Struct, omit_defaults=True):
    """One line of a worker."""

    share: float = 0.0
    """How much is done, 0 to 1."""
    what: str = ""
    """What it reads."""
    made: str = ""
    """The name of a report that is kept now."""
    problem: str = ""
    remedy: str = ""


class Share:
    """How much of it is done, which nobody knows before: each thing that is read takes half of what is left of its
    report. It never goes back.
    """

    def __init__(self, reports: int) -> None:
        self._reports, self._done, self._things, self._last = reports, 0, 0, ""

    def reading(self, what: str, done: int, of: int) -> float:
        """0 to 1."""
        if what != self._last:
            self._things, self._last = self._things + 1, what
        part = 1 - 0.5 ** (self._things - 1) + 0.5**self._things * min(done / max(of, 1), 1.0)
        return (self._done + part) / self._reports

    def made(self) -> float:
        """A report more."""
        self._done, self._things, self._last = self._done + 1, 0, ""
        return self._done / self._reports


def shelf_of(settings: Settings) -> Shelf:
    """The shelf of a data folder."""
    web = settings.web
    return Shelf(settings.data_dir / "documents", web.max_documents, web.max_documents_mb * _MB)


class _Link:
    """See gateway.reports.source.Link."""

    def __init__(self, settings: Settings, city: City, door: Door) -> None:
        self.settings, self.city, self._door = settings, city, door

    async def ask(self, method: str, **arguments: Any) -> Any:
        return await self._door.ask(method, **arguments)

    async def read(self, series: Any, start: int, end: int, **more: Any) -> ColumnPage:
        return await self._door.columns("read_columns", series=list(series), start=start, end=end, **more)


async def _work(order: Order) -> None:
    settings = Settings.model_validate(order.settings)
    shelf, share, told_at = shelf_of(settings), Share(len(order.domains)), 0.0
    door = Door(settings.data_dir, _ANSWER_SECS)

    def told(what: str, done: int, of: int) -> None:
        nonlocal told_at
        far = share.reading(what, done, of)
        if time.monotonic() - told_at >= _TELL_SECS:
            told_at = time.monotonic()
            _say(Said(far, what))

    try:
        link = _Link(settings, load_seed_files(settings).city, door)
        making = make_each(link, order.domains, order.period, order.lang, operators=order.operators, told=told)
        async with aclosing(making):
            async for made in making:
                whole = made.until >= order.period.end
                name = shelf.put(made.documents, by=order.by, until=made.until, whole=whole, now=time.time_ns())
                _say(Said(share.made(), made=name))
    finally:
        await door.close()


def _say(said: Said) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
        sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    """Leave when the parent closes the pipe, which it does however it ends."""
    with suppress(OSError):
        # not through sys.stdin: an interpreter that ends meanwhile would wait for its lock, and abort
        while os.read(sys.stdin.fileno(), 1024):
            pass
    os._exit(1)


def main() -> int:
    """0: all of it was made."""
    with suppress(OSError):
        os.nice(_NICE)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    threading.Thread(target=_end_with_parent, name="reports.parent", daemon=True).start()
    try:
        asyncio.run(_work(order))
    except GatewayError as error:
        _say(Said(problem=error.problem, remedy=error.remedy))
        return 1
    except Exception as error:  # noqa: BLE001  whoever waits for it is told
        traceback.print_exc()
        _say(Said(problem=f"{type(error).__name__} in the worker.", remedy="The log of the web process says more."))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
