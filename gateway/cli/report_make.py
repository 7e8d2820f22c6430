"""`cityloom report make`: daily and weekly reports of the city as HTML and PDF. (Citizens' reports: reports.py.)"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from gateway.cli.desk_link import desk_link
from gateway.cli.door import Config, DataDir, Json, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean, size
from gateway.errors import CommandError
from gateway.reports.make import Document, Form, make_reports
from gateway.reports.period import Period, day_of, week_of, yesterday
from gateway.reports.source import Told

__all__ = ["make"]

Domain = Literal["traffic", "grid", "water", "gas", "drainage", "alarms", "data"]
_ALL: tuple[Domain, ...] = ("traffic", "grid", "water", "gas", "drainage", "alarms", "data")
_FORMS: dict[str, tuple[Form, ...]] = {"html": ("html",), "pdf": ("pdf",), "both": ("html", "pdf")}


def make(
    *, config: Config = None, data_dir: DataDir = None,
    domain: Annotated[list[Domain] | None, Parameter(negative="")] = None, day: str = "", week: str = "",
    form: Annotated[Literal["html", "pdf", "both"], Parameter(name="--format")] = "both",
    out: Path = Path("reports"), lang: Literal["en", "zh"] = "en",
    operators: Annotated[int, Parameter(validator=Number(gte=1, lte=1_000))] = 1, json: Json = False,
) -> int:  # fmt: skip
    """Make the daily or weekly reports of the city: what its devices, conditions and alarms came to.

    These are not the reports of citizens, which `cityloom report add|list|show|advance` are about.

    Parameters
    ----------
    domain
        traffic, grid, water, gas, drainage, alarms (how well the alarm system did) or data (quality and ledger); may be
        given several times. All of them where not given.
    day
        Such as 2026-03-02, of the city's calendar; yesterday where neither is given.
    week
        Such as 2026-W10, from Monday on.
    form
        html, pdf or both.
    out
        The folder that the files go into; it is made. Files of the same name are written over.
    lang
        en or zh.
    operators
        Among so many people alarms are shared, in the report on alarms.
    """
    if day and week:
        raise CommandError("A report is of a day or of a week.", "Give one of --day and --week.", 2)
    settings = settings_of(config, data_dir)
    timezone = city_zone(settings).key
    chosen = list(dict.fromkeys(domain or _ALL))
    named = day_of(day, timezone) if day else week_of(week, timezone) if week else None

    async def work(told: Told) -> tuple[Period, list[Document]]:
        async with desk_link(settings) as link:
            period = named or yesterday((await link.ask("clock"))["now"], timezone)
            found: list[Document] = []
            found += await make_reports(link, chosen, period, lang, forms=_FORMS[form], operators=operators, told=told)
            return period, found

    with _progress(quiet=json) as told:
        period, documents = asyncio.run(work(told))
    files = _write(out, documents)
    if json:
        print_json({"period": period.name, "start": period.start, "end": period.end, "lang": lang, "files": files})
        return 0
    for file in files:
        console().print(Text(f"{file['file']}  {size(file['bytes'])}"))
    return 0


def _write(out: Path, documents: Sequence[Document]) -> list[dict[str, Any]]:
    """Each whole or not at all: a browser may have the old one open."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for document in documents:
            part = out / f".{document.name}.part"
            part.write_bytes(document.body)
            part.replace(out / document.name)
    except OSError as error:
        raise CommandError(
            f"The reports can't be written to {out}: {error.strerror}.", "Name another folder by --out."
        ) from error
    return [
        {
            "domain": document.name.partition("-")[0], "file": str(out / document.name),
            "media_type": document.media_type, "bytes": len(document.body),
        }
        for document in documents
    ]  # fmt: skip


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told]:
    """A bar of what is being read, on a terminal."""
    columns = (TextColumn("reading"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=quiet), disable=quiet or not console().is_terminal) as bar:
        task = bar.add_task("")

        def told(what: str, done: int, of: int) -> None:
            bar.update(task, description=clean(what, 40), completed=done, total=max(of, 1))

        yield told
