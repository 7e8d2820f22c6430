"""Reports from a gateway: gather, build, write. What the command and the web page call.

link --gathering/DOMAIN--> data --building/DOMAIN--> Report --html, pdf--> bytes
     pages, told(...)           pure, no link                 pure
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Literal, NamedTuple

from gateway.reports.building.alarms import build_alarms
from gateway.reports.building.drainage import build_drainage
from gateway.reports.building.gas import build_gas
from gateway.reports.building.grid import build_grid
from gateway.reports.building.quality import build_quality
from gateway.reports.building.traffic import build_traffic
from gateway.reports.building.water import build_water
from gateway.reports.gathering.grid import gather_grid
from gateway.reports.gathering.pipes import gather_drainage, gather_gas, gather_water
from gateway.reports.gathering.traffic import gather_traffic
from gateway.reports.gathering.upkeep import gather_alarms, gather_quality
from gateway.reports.html import html_of
from gateway.reports.model import Report
from gateway.reports.pdf import pdf_of
from gateway.reports.period import Period
from gateway.reports.source import Link, Source, Told, nobody
from gateway.reports.words.words import Words

__all__ = ["DOMAINS", "Document", "Form", "Made", "make_each", "make_report", "make_reports", "reported"]

Form = Literal["html", "pdf"]


class Document(NamedTuple):
    """One file of a report."""

    name: str
    """Such as traffic-2026-03-02.html, of Chinese ones traffic-2026-03-02.zh.html."""
    media_type: str
    body: bytes


class Made(NamedTuple):
    """One report in its forms."""

    domain: str
    documents: list[Document]
    until: int
    """UTC ns up to which it knows: the end of the period, or when it was made by the gateway's clock."""


class _Domain(NamedTuple):
    gather: Callable[..., Awaitable[Any]]
    build: Callable[[Any, Words], Report]


_DOMAINS = {
    "traffic": _Domain(gather_traffic, build_traffic),
    "grid": _Domain(gather_grid, build_grid),
    "water": _Domain(gather_water, build_water),
    "gas": _Domain(gather_gas, build_gas),
    "drainage": _Domain(gather_drainage, build_drainage),
    "alarms": _Domain(gather_alarms, build_alarms),
    "data": _Domain(gather_quality, build_quality),
}
DOMAINS = tuple(_DOMAINS)
"""What there are reports of: domains, the alarm system, the data itself."""
_WRITERS: dict[str, tuple[str, Callable[[Report], bytes]]] = {
    "html": ("text/html; charset=utf-8", html_of),
    "pdf": ("application/pdf", pdf_of),
}


async def make_report(
    link: Link, domain: str, period: Period, lang: str = "en", *, forms: Sequence[Form] = ("html", "pdf"),
    operators: int = 1, told: Told = nobody,
) -> list[Document]:  # fmt: skip
    """The files of one report. Raises CommandError where the gateway can't be asked."""
    return await make_reports(link, [domain], period, lang, forms=forms, operators=operators, told=told)


async def make_reports(
    link: Link, domains: Sequence[str], period: Period, lang: str = "en", *, forms: Sequence[Form] = ("html", "pdf"),
    operators: int = 1, told: Told = nobody,
) -> list[Document]:  # fmt: skip
    """The files of several reports of one period: what they share is asked for once."""
    each = make_each(link, domains, period, lang, forms=forms, operators=operators, told=told)
    return [document async for made in each for document in made.documents]


async def make_each(
    link: Link, domains: Sequence[str], period: Period, lang: str = "en", *, forms: Sequence[Form] = ("html", "pdf"),
    operators: int = 1, told: Told = nobody,
) -> AsyncGenerator[Made, None]:  # fmt: skip
    """The same, each report as soon as it is made."""
    source = await Source.of(link, period, told)
    language = "" if lang == "en" else f".{lang}"
    for domain in domains:
        report = await reported(source, domain, lang, operators)
        out: list[Document] = []
        for form in forms:
            media_type, write = _WRITERS[form]
            name = f"{domain}-{period.name}{language}.{form}"
            out.append(Document(name, media_type, await asyncio.to_thread(write, report)))
        yield Made(domain, out, min(period.end, await source.now()))


async def reported(source: Source, domain: str, lang: str, operators: int = 1) -> Report:
    """One report as data."""
    found = _DOMAINS[domain]
    more = {"operators": operators} if domain == "alarms" else {}
    data = await found.gather(source, lang, **more)
    return await asyncio.to_thread(found.build, data, Words(lang))
