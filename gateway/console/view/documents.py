"""Daily and weekly reports as rows: what is asked for by the form, orders and how far they are, what is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from gateway.console.texts.words import LANGUAGES, Words
from gateway.console.view.format import local_time, size
from gateway.reports.make import DOMAINS
from gateway.reports.press import Job
from gateway.reports.shelf import Kept

__all__ = ["Asked", "JobRow", "KeptRow", "asked_of", "job_rows", "kept_rows", "named", "yesterday"]

_MOST_OPERATORS = 1_000
_MOST_OVER = 3
"""So many orders that went wrong are shown on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says."""

    domains: tuple[str, ...]
    period: str
    """"" where no day is given: yesterday."""
    lang: str
    operators: int


@dataclass(frozen=True, slots=True)
class JobRow:
    """An order."""

    job: str
    what: str
    said: str
    share: float
    open: bool
    """It is not over, and can be given up."""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A report that there is."""

    document: str
    what: str
    """For who can't see the row: all that names it."""
    domain: str
    period: str
    language: str
    made: str
    by: str
    until: str
    """"" where it knows the whole period."""
    pdf: str
    """Its size."""


def asked_of(values: Mapping[str, str]) -> Asked:
    """The values of the form as they come from a browser: nothing in them is believed."""
    given = values.get("domain", "").split("\n")
    lang = values.get("lang", "")
    operators = values.get("operators", "")
    number = int(operators) if operators.isascii() and operators.isdecimal() and len(operators) < 5 else 1
    return Asked(
        tuple(each for each in DOMAINS if each in given), _period(values.get("kind", ""), values.get("day", "")),
        lang if lang in LANGUAGES else "en", min(max(number, 1), _MOST_OPERATORS),
    )  # fmt: skip


def _period(kind: str, day: str) -> str:
    try:
        when = date.fromisoformat(day.strip())
    except ValueError:
        return ""
    if kind != "week":
        return when.isoformat()
    year, week, _ = when.isocalendar()
    return f"{year:04d}-W{week:02d}"


def yesterday(now: int, zone: tzinfo) -> str:
    """The last day that is over in the city; "" where its time is not known."""
    return (datetime.fromtimestamp(now // 1_000_000_000, zone).date() - timedelta(days=1)).isoformat() if now else ""


def named(domains: Sequence[str], period: str, words: Words) -> str:
    """What an order or a report is called: `Water, Gas · 2026-03-02`."""
    comma = "、" if words.language == "zh" else ", "
    return f"{comma.join(words.term('document_domain', each) for each in domains)} · {period}"


def job_rows(jobs: Iterable[Job], words: Words) -> list[JobRow]:
    """Orders that are not over, in the order in which they will be made; behind them the last that went wrong."""
    found = list(jobs)
    rows = [_job(job, words) for job in reversed(found) if job.open]
    return rows + [_job(job, words) for job in found if job.state == "failed"][:_MOST_OVER]


def _job(job: Job, words: Words) -> JobRow:
    what, share = named(job.domains, job.period, words), f"{job.share * 100:.0f}"
    if job.state == "waiting":
        said = words("documents.waits")
    elif job.open and job.what:
        said = words("documents.reads", share=share, what=job.what)
    elif job.open:
        said = words("documents.begins")
    else:
        said = words("documents.went_wrong", what=what, problem=job.problem, remedy=job.remedy)
    return JobRow(job.job, what, said, job.share, job.open)


def kept_rows(kept: Iterable[Kept], domain: str, words: Words, zone: tzinfo) -> list[KeptRow]:
    """Reports about `domain` ("": all), in their order."""
    return [
        KeptRow(
            each.document, f"{named((each.domain,), each.period, words)}, {LANGUAGES[each.lang]}",
            words.term("document_domain", each.domain), each.period, LANGUAGES[each.lang],
            local_time(each.made, zone), each.by, "" if each.whole else local_time(each.until, zone),
            size(each.sizes["pdf"]),
        )
        for each in kept if domain in ("", each.domain)
    ]  # fmt: skip
