"""A client of the query API for applications: sync and async, columns as numpy arrays or Arrow tables, live events.

    from gateway.client import Client

    with Client("http://127.0.0.1:8481", token="cl_...") as city:
        city.readings(series=["loop-0001:speed"], start="now-1h").value.mean()

It stands on httpx, numpy, pyarrow and msgspec alone: nothing of the gateway comes along. README.md has examples.
"""

from gateway.client.asynchronous import AsyncClient
from gateway.client.columns import FigureValues, Readings, Windows
from gateway.client.events import LiveEvent
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
    UsualSeries,
)
from gateway.client.problems import (
    ApiProblem,
    Away,
    Busy,
    Failed,
    NoAccess,
    NotNow,
    NotThere,
    TooMuch,
    Unreachable,
    WrongQuestion,
)
from gateway.client.synchronous import Client

__all__ = [
    "Alarm", "AlarmChange", "AlarmWithHistory", "ApiProblem", "AsyncClient", "Away", "Busy", "Client", "Device",
    "DeviceWithRecord", "DocumentJob", "Failed", "Figure", "FigureValues", "Incident", "IncidentWithHistory",
    "KeptDocument", "LiveEvent", "NoAccess", "NotNow", "NotThere", "Readings", "Report", "ReportWithHistory", "Series",
    "TooMuch", "Unreachable", "Usual", "UsualSeries", "Windows", "WrongQuestion",
]  # fmt: skip
