"""Daily and weekly reports of the city: which are kept, and orders to make some."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.models.base import Document, Next, Question, Time, TimeOrNone, example

__all__ = ["DocumentJob", "DocumentJobs", "Documents", "MakingDocuments"]

Domain = Literal["traffic", "grid", "water", "gas", "drainage", "alarms", "data"]
_KEPT = {
    "document": "water-2026-03-02", "domain": "water", "kind": "day", "period": "2026-03-02", "lang": "en",
    "made": "2026-03-03T00:10:21.482000000Z", "by": "Chen", "until": "2026-03-02T16:00:00.000000000Z", "whole": True,
    "html_bytes": 48_120, "pdf_bytes": 31_544,
}  # fmt: skip
_JOB = {
    "job": "5b1d7c20a94e4f0e", "state": "making", "domains": ["water", "gas"], "kind": "day", "period": "2026-03-02",
    "lang": "en", "operators": 1, "by": "Chen", "asked": "2026-03-03T00:10:02.113000000Z", "share": 0.62,
    "what": "leak", "documents": ["water-2026-03-02"], "problem": "", "remedy": "", "ended": None,
}  # fmt: skip


class KeptDocument(Document):
    """A report that there is: as a page at `/documents/{document}/html`, as PDF at `/documents/{document}/pdf`."""

    model_config = example(_KEPT)

    document: str
    """What it is called: domain, period, and .zh where it is in Chinese."""
    domain: str
    """traffic, grid, water, gas, drainage, alarms or data."""
    kind: str
    """day or week."""
    period: str
    """A day such as 2026-03-02 or a week such as 2026-W10, of the city's calendar."""
    lang: str
    made: Time
    """By the clock of the machine."""
    by: str
    until: Time
    """Up to here it knows, by the gateway's clock."""
    whole: bool
    """The period was over when it was made."""
    html_bytes: int
    pdf_bytes: int


class Documents(Document):
    """A page of reports, what was made last first."""

    model_config = example({"documents": [_KEPT], "next": None})

    documents: list[KeptDocument]
    next: Next


class DocumentJob(Document):
    """An order to make reports, and how far it is."""

    model_config = example(_JOB)

    job: str
    state: str
    """waiting, making, done, failed or given_up."""
    domains: list[str]
    kind: str
    period: str
    lang: str
    operators: int
    by: str
    asked: Time
    share: float
    """How much is done, 0 to 1: an estimate that never goes back."""
    what: str
    """What is read just now."""
    documents: list[str]
    """Reports of it that can be had already."""
    problem: str
    remedy: str
    ended: TimeOrNone


class DocumentJobs(Document):
    """Orders since this web process began, the newest first."""

    model_config = example({"jobs": [_JOB]})

    jobs: list[DocumentJob]


class MakingDocuments(Question):
    """What is to be made."""

    model_config = example({"domains": ["water", "gas"], "period": "2026-03-02", "lang": "zh"})

    domains: Annotated[list[Domain], Field(min_length=1, max_length=7)]
    period: Annotated[str, Field(pattern=r"^(|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-W[0-9]{2})$")] = ""
    """A day or a week of the city's calendar; empty: yesterday. One that isn't over is told up to now."""
    lang: Literal["en", "zh"] = "en"
    operators: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Among so many people alarms are shared, in the report on alarms."""
