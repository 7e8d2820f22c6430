"""Every question and act of the client, as a `Call`: the same for the sync and the async one. Pure."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow as pa

from gateway.client import columns
from gateway.client.columns import FigureValues, Readings, Windows
from gateway.client.core import ARROW, Call, Page, When, text_of
from gateway.client.models import (
    Alarm,
    AlarmChange,
    AlarmWithHistory,
    Device,
    DeviceWithRecord,
    DocumentJob,
    Figure,
    Incident,
    IncidentWithHistory,
    KeptDocument,
    Report,
    ReportWithHistory,
    Series,
    Usual,
    converted,
    decoded,
)

__all__ = [
    "PREFIX", "ack", "act", "advance_report", "aggregates", "aggregates_table", "alarm", "alarm_history", "alarms",
    "city", "comment", "conditions", "device", "devices", "document", "document_job", "documents", "figure_values",
    "figures", "incident", "incidents", "latest", "ledger", "live_parameters", "make_documents", "readings",
    "readings_table", "report", "reports", "series", "shelve",
    "status", "take_report", "usual",
]  # fmt: skip

T = TypeVar("T")
PREFIX = "/api/v1"
_PAGE = "1000"
Names = Sequence[str]
SeriesNames = Sequence[str | tuple[str, str]]
"""device:quantity, or (device, quantity)."""


def devices(
    q: str = "", *, zone: Names = (), profile: str = "", asset: str = "", cell: str = "", state: str = ""
) -> Call[Page[Device]]:
    """Devices, by id. `q`: a part of the id."""
    return _list("/devices", "devices", Device, q=q, zone=zone, profile=profile, asset=asset, cell=cell, state=state)


def device(device: str) -> Call[DeviceWithRecord]:
    """One device with its whole record on the time and the place axis."""
    return _one(f"/devices/{_quoted(device, '/')}", DeviceWithRecord)


def series(
    q: str = "", *, zone: Names = (), device: Names = (), profile: str = "", quantity: str = ""
) -> Call[Page[Series]]:
    """Series, by device and quantity. `q`: a part of the name of a device, quantity or profile."""
    return _list("/series", "series", Series, q=q, zone=zone, device=device, profile=profile, quantity=quantity)


def readings(
    *, device: Names = (), series: SeriesNames = (), start: When = "now-1h", end: When = "now", points: int = 0,
    store: str = "",
) -> Call[Readings]:  # fmt: skip
    """Readings with start <= time < end. `points`: thin each series to about so many, for a chart."""
    return _columns(_question(device, series, start, end, "raw", points, store), columns.readings)


def readings_table(
    *, device: Names = (), series: SeriesNames = (), start: When = "now-1h", end: When = "now", points: int = 0,
    store: str = "",
) -> Call[pa.Table]:  # fmt: skip
    """The same as an Arrow table: device, quantity, unit, time, value, flag, why."""
    return _columns(_question(device, series, start, end, "raw", points, store), _whole)


def aggregates(
    step: str, *, device: Names = (), series: SeriesNames = (), start: When = "now-1d", end: When = "now",
    points: int = 0, store: str = "",
) -> Call[Windows]:  # fmt: skip
    """Windows of `step` (10s, 1m, 15m, 1h, 1d) that begin in [start, end)."""
    return _columns(_question(device, series, start, end, step, points, store), columns.windows)


def aggregates_table(
    step: str, *, device: Names = (), series: SeriesNames = (), start: When = "now-1d", end: When = "now",
    points: int = 0, store: str = "",
) -> Call[pa.Table]:  # fmt: skip
    """The same as an Arrow table."""
    return _columns(_question(device, series, start, end, step, points, store), _whole)


def latest(
    *, device: Names = (), series: SeriesNames = (), zone: Names = (), profile: str = "", quantity: str = "",
    store: str = "",
) -> Call[Readings]:  # fmt: skip
    """The newest reading of series that are named, or chosen by zone, profile and quantity."""
    asked = _parameters(
        device=device, series=_series(series), zone=zone, profile=profile, quantity=quantity, store=store
    )
    return Call(f"{PREFIX}/latest", _arrow(columns.readings), asked, accept=ARROW)


def usual(
    device: str, *, quantity: Names = (), start: When = "now-1d", end: When = "now", points: int = 300
) -> Call[Usual]:
    """What has been learned to be usual of a device's series, at `points` times from start to end."""
    asked = _parameters(device=device, quantity=quantity, start=text_of(start), to=text_of(end), points=points)
    return Call(f"{PREFIX}/usual", lambda body: decoded(body, Usual), asked)


def figures(condition: str = "", *, asset: Names = (), name: str = "", zone: Names = ()) -> Call[Page[Figure]]:
    """Figures of conditions with their newest values: TPI, voltage compliance, balance of metered areas."""
    return _list("/figures", "figures", Figure, condition=condition, asset=asset, name=name, zone=zone)


def figure_values(
    condition: str = "", *, asset: Names = (), name: str = "", zone: Names = (), start: When = "now-1d",
    end: When = "now", store: str = "",
) -> Call[FigureValues]:  # fmt: skip
    """Figures over time."""
    asked = _parameters(
        condition=condition, asset=asset, name=name, zone=zone, start=text_of(start), to=text_of(end), store=store
    )
    return Call(f"{PREFIX}/figures/values", _arrow(columns.figure_values), asked, accept=ARROW)


def alarms(
    state: str = "open", *, zone: Names = (), domain: str = "", condition: str = "", asset: str = "",
    priority: int | None = None,
) -> Call[Page[Alarm]]:  # fmt: skip
    """Alarms: the open ones, the most urgent first; with `state="all"` all of them, the newest first."""
    return _list(
        "/alarms", "alarms", Alarm, state=state, zone=zone, domain=domain, condition=condition, asset=asset,
        priority=priority,
    )  # fmt: skip


def alarm(alarm: str) -> Call[AlarmWithHistory]:
    """One alarm by its id, or the beginning of it, and what happened to it."""
    return _one(f"/alarms/{_quoted(alarm)}", AlarmWithHistory)


def alarm_history(
    *, zone: Names = (), domain: str = "", condition: str = "", asset: str = "", start: When = "now-1d",
    end: When = "",
) -> Call[Page[AlarmChange]]:  # fmt: skip
    """Changes of alarms, the newest first."""
    return _list(
        "/alarms/history", "changes", AlarmChange, zone=zone, domain=domain, condition=condition, asset=asset,
        start=text_of(start), to=text_of(end),
    )  # fmt: skip


def act(
    act: str, alarms: Names = (), *, condition: str = "", asset: str = "", text: str = "", for_secs: float = 0.0
) -> Call[dict[str, Any]]:
    """ack, reset, shelve, unshelve, suppress, unsuppress, out_of_service, in_service or comment: several alarms by id,
    or a condition of an asset, also beforehand.
    """
    body = {
        "act": act, "alarms": list(alarms), "condition": condition, "asset": asset, "text": text, "for_secs": for_secs,
    }  # fmt: skip
    return _act("/alarms/acts", body)


def ack(*alarms: str, text: str = "") -> Call[dict[str, Any]]:
    """Acknowledge alarms."""
    return act("ack", alarms, text=text)


def shelve(*alarms: str, text: str, for_secs: float) -> Call[dict[str, Any]]:
    """Put alarms aside for a time, and say why."""
    return act("shelve", alarms, text=text, for_secs=for_secs)


def comment(*alarms: str, text: str) -> Call[dict[str, Any]]:
    """Tell others something about alarms."""
    return act("comment", alarms, text=text)


def incidents(state: str = "open", *, zone: Names = (), domain: str = "") -> Call[Page[Incident]]:
    """Incidents: the open ones, or with `state="all"` all of them."""
    return _list("/incidents", "incidents", Incident, state=state, zone=zone, domain=domain)


def incident(incident: str) -> Call[IncidentWithHistory]:
    """One incident with its parts and what happened."""
    return _one(f"/incidents/{_quoted(incident)}", IncidentWithHistory)


def reports(state: str = "open", *, kind: str = "", zone: Names = (), late: bool = False) -> Call[Page[Report]]:
    """Citizens' reports: the unresolved ones, or with `state="all"` all of them."""
    return _list("/reports", "reports", Report, state=state, kind=kind, zone=zone, late="true" if late else "")


def report(report: str) -> Call[ReportWithHistory]:
    """One citizen's report with what happened to it."""
    return _one(f"/reports/{_quoted(report)}", ReportWithHistory)


def take_report(
    kind: str, text: str = "", *, lon: float | None = None, lat: float | None = None, asset: str = "", zone: str = "",
    contact: str = "", at: When = "", id: str = "",  # noqa: A002  the name that it has in the API
) -> Call[dict[str, Any]]:  # fmt: skip
    """Take a report down; `id` is your own, so that the same one sent twice is one."""
    return _act("/reports", {
        "kind": kind, "text": text, "lon": lon, "lat": lat, "asset": asset, "zone": zone, "contact": contact,
        "at": text_of(at), "id": id,
    })  # fmt: skip


def advance_report(report: str, state: str, note: str = "") -> Call[dict[str, Any]]:
    """Bring a report on: accepted, dispatched, resolved, confirmed or reopened."""
    return _act(f"/reports/{_quoted(report)}/advance", {"state": state, "note": note})


def documents(domain: str = "", *, kind: str = "", period: str = "", lang: str = "") -> Call[Page[KeptDocument]]:
    """Daily and weekly reports of the city that are kept, what was made last first. `kind`: day or week."""
    return _list("/documents", "documents", KeptDocument, domain=domain, kind=kind, period=period, lang=lang)


def make_documents(*domains: str, period: str = "", lang: str = "en", operators: int = 1) -> Call[DocumentJob]:
    """Have reports made of a day (2026-03-02), a week (2026-W10) or, without a period, yesterday: ask `document_job`
    until it is over. Domains: traffic, grid, water, gas, drainage, alarms, data.
    """
    body = {"domains": list(domains), "period": period, "lang": lang, "operators": operators}
    made = _act("/documents", body)
    return Call(made.path, lambda answer: decoded(answer, DocumentJob), body=body, headers=made.headers)


def document_job(job: str) -> Call[DocumentJob]:
    """How far an order is."""
    return _one(f"/documents/jobs/{_quoted(job)}", DocumentJob)


def document(document: str, form: str = "pdf") -> Call[bytes]:
    """A report by its name: `form` html is a page that needs nothing else, pdf is for paper."""
    return Call(f"{PREFIX}/documents/{_quoted(document)}/{_quoted(form)}", bytes, accept="*/*")


def status() -> Call[dict[str, Any]]:
    """Rates, queues, stores, alarms and ledger of the moment."""
    return _one("/status", dict[str, Any])


def ledger() -> Call[dict[str, Any]]:
    """The account of every message and reading."""
    return _one("/ledger", dict[str, Any])


def city() -> Call[dict[str, Any]]:
    """The city's bounds, time zone and clock."""
    return _one("/city", dict[str, Any])


def conditions() -> Call[list[dict[str, Any]]]:
    """What is judged, with thresholds."""
    return Call(f"{PREFIX}/conditions", lambda body: decoded(body, dict[str, list[dict[str, Any]]])["conditions"])


def live_parameters(
    kind: Names = (), zone: Names = (), device: Names = (), domain: Names = (), priority: int = 0
) -> list[tuple[str, str]]:
    """Which live events."""
    return _parameters(kind=kind, zone=zone, device=device, domain=domain, priority=priority or None)


def _one(path: str, kind: type[T]) -> Call[T]:
    return Call(PREFIX + path, lambda body: decoded(body, kind))


def _act(path: str, body: Mapping[str, Any]) -> Call[dict[str, Any]]:
    # the same key with every try: what was done is not done again
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    return Call(PREFIX + path, lambda answer: decoded(answer, dict[str, Any]), body=body, headers=headers)


def _list(path: str, name: str, kind: type[T], /, **asked: Any) -> Call[Page[T]]:
    return _page(path, name, kind, _parameters(limit=_PAGE, **asked), "")


def _page(path: str, name: str, kind: type[T], asked: list[tuple[str, str]], cursor: str) -> Call[Page[T]]:
    def read(body: bytes) -> Page[T]:
        found = decoded(body, dict[str, Any])
        following = found.get("next")
        rows = [converted(row, kind) for row in found[name]]
        return Page(rows, None if following is None else _page(path, name, kind, asked, following))

    return Call(PREFIX + path, read, asked + ([("cursor", cursor)] if cursor else []))


def _question(
    device: Names, series: SeriesNames, start: When, end: When, step: str, points: int, store: str
) -> list[tuple[str, str]]:
    return _parameters(
        device=device, series=_series(series), start=text_of(start), to=text_of(end), step=step,
        points=points or None, store=store,
    )  # fmt: skip


def _columns(asked: list[tuple[str, str]], read: Callable[[pa.Table], T]) -> Call[T]:
    return Call(f"{PREFIX}/readings", _arrow(read), asked, accept=ARROW)


def _arrow(read: Callable[[pa.Table], T]) -> Callable[[bytes], T]:
    def of_body(body: bytes) -> T:
        with pa.ipc.open_stream(body) as reader:
            return read(reader.read_all())

    return of_body


def _whole(table: pa.Table) -> pa.Table:
    return table


def _quoted(name: str, safe: str = "") -> str:
    return quote(name, safe=safe)


def _series(names: SeriesNames) -> list[str]:
    return [name if isinstance(name, str) else ":".join(name) for name in names]


def _parameters(**asked: Any) -> list[tuple[str, str]]:
    """Those that are given; a list is as many parameters."""
    out: list[tuple[str, str]] = []
    for name, value in asked.items():
        word = "from" if name == "start" else name
        if isinstance(value, str):
            out += [(word, value)] if value else []
        elif isinstance(value, Sequence):
            out += [(word, str(each)) for each in value]
        elif value is not None:
            out.append((word, str(value)))
    return out
