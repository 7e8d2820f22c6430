"""Answers as typed objects. Times are numpy.datetime64 in UTC, to the nanosecond; what is not known is None.

A later version of the service may say more: what is not known here is passed over.
"""

from typing import Any, TypeVar

import msgspec
import numpy as np

__all__ = [
    "Alarm", "AlarmChange", "AlarmWithHistory", "Device", "DeviceWithRecord", "DocumentJob", "Figure", "Incident",
    "IncidentWithHistory", "KeptDocument", "Report", "ReportWithHistory", "Series", "Time", "Usual", "UsualSeries",
    "converted", "decoded",
]  # fmt: skip

T = TypeVar("T")
Time = np.datetime64


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Series(_Answer, frozen=True, kw_only=True):
    """A quantity of a device."""

    device: str
    quantity: str
    unit: str
    profile: str


class Device(_Answer, frozen=True, kw_only=True):
    """A device in a list."""

    id: str
    profile: str
    state: str
    """known (listed), provisioned (met on the wire) or pending (met, waits for an operator)."""
    zone: str
    asset: str
    cell: str
    """H3, resolution 9; empty: no point is known."""
    lon: float | None = None
    lat: float | None = None
    keys: list[str] = []
    """How it is called on the wire."""
    since: Time | None = None
    heard: Time | None = None
    """Receipt of its newest message; None: it was never heard."""
    newest: Time | None = None
    clock_offset_secs: float | None = None
    offline_since: Time | None = None
    counts: dict[str, int] = {}


class DeviceWithRecord(Device, frozen=True, kw_only=True):
    """A device with its whole record."""

    installed: str | None = None
    calibrated: str | None = None
    interval_secs: float | None = None
    silent_since: Time | None = None
    place: dict[str, Any] = {}
    series: list[dict[str, str]] = []
    time_axis: list[dict[str, Any]] = []
    history: list["AlarmChange"] = []


class UsualSeries(_Answer, frozen=True, kw_only=True):
    """What has been learned to be usual of a quantity: a band, in its unit; None where that hour is not known yet."""

    quantity: str
    unit: str
    by: str
    """Which condition learned it, or "climatology"."""
    low: list[float | None]
    middle: list[float | None]
    high: list[float | None]


class Usual(_Answer, frozen=True, kw_only=True):
    """The bands of a device's series at these times; a series of which nothing has been learned is left out."""

    device: str
    time: list[Time]
    series: list[UsualSeries]


class AlarmChange(_Answer, frozen=True, kw_only=True):
    """A change of an alarm, and where that left it (ISA-18.2)."""

    alarm: str
    change: str
    state: str
    condition: str
    title: str
    asset: str
    zone: str
    domain: str
    level: int
    priority: int
    """1 critical to 4 low."""
    value: float | None
    at: Time
    """Of the readings, or of the act."""
    now: Time
    """When it was judged."""
    since: Time
    historic: bool
    who: str
    text: str
    until: Time | None
    """When a shelving ends."""


class Alarm(AlarmChange, frozen=True, kw_only=True):
    """An alarm, as its newest change left it."""

    repeats: int = 0


class AlarmWithHistory(Alarm, frozen=True, kw_only=True):
    """One alarm, and what happened to it, the newest first."""

    history: list[AlarmChange] = []


class Figure(_Answer, frozen=True, kw_only=True):
    """A figure of a condition with its newest value."""

    condition: str
    title: str
    asset: str
    zone: str
    name: str
    unit: str
    time: Time
    value: float


class Incident(_Answer, frozen=True, kw_only=True):
    """Alarms and reports of one trouble."""

    incident: str
    state: str
    since: Time
    at: Time
    priority: int
    parts: int
    standing: int
    reports: int
    cause: str
    cause_type: str
    cause_kind: str
    cause_asset: str
    zone: str
    domains: list[str]
    into: str | None


class IncidentWithHistory(Incident, frozen=True, kw_only=True):
    """An incident with its parts and what happened."""

    members: list[dict[str, Any]] = []
    history: list[dict[str, Any]] = []


class Report(_Answer, frozen=True, kw_only=True):
    """A citizen's report."""

    report: str
    state: str
    kind: str
    domain: str
    priority: int
    lon: float | None
    lat: float | None
    cell: str
    zone: str
    asset: str
    since: Time
    at: Time
    target: str
    due: Time | None
    late: str
    text: str
    has_contact: bool
    incident: str | None


class ReportWithHistory(Report, frozen=True, kw_only=True):
    """A report with what happened to it; the contact is masked."""

    contact: str = ""
    history: list[dict[str, Any]] = []


def decoded(body: bytes, kind: type[T]) -> T:
    """An answer's JSON as `kind`."""
    return msgspec.json.decode(body, type=kind, dec_hook=_time)


class KeptDocument(_Answer, frozen=True, kw_only=True):
    """A daily or weekly report that is kept."""

    document: str
    """What it is called: domain, period, and .zh where it is in Chinese."""
    domain: str
    kind: str
    """day or week."""
    period: str
    lang: str
    by: str
    whole: bool
    """The period was over when it was made."""
    html_bytes: int
    pdf_bytes: int
    made: Time
    until: Time
    """Up to here it knows."""


class DocumentJob(_Answer, frozen=True, kw_only=True):
    """An order to make reports, and how far it is."""

    job: str
    state: str
    """waiting, making, done, failed or given_up."""
    domains: list[str]
    period: str
    lang: str
    by: str
    share: float
    """How much is done, 0 to 1."""
    what: str = ""
    documents: list[str] = []
    """Reports of it that can be had already."""
    problem: str = ""
    remedy: str = ""
    asked: Time
    ended: Time | None = None

    @property
    def over(self) -> bool:
        """Nothing more comes of it."""
        return self.state not in ("waiting", "making")


def converted(row: Any, kind: type[T]) -> T:
    """A part of an answer as `kind`."""
    return msgspec.convert(row, kind, dec_hook=_time)


def _time(kind: type, text: Any) -> Any:
    if kind is not np.datetime64 or not isinstance(text, str):
        raise NotImplementedError(kind)
    return np.datetime64(text.removesuffix("Z"), "ns")
