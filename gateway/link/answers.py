"""What the desk answers, as live events: where alarms stand, newest readings, and what profiles are about. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import isfinite
from typing import Any

from gateway.link.channel import FeedEvent
from gateway.link.pages import ColumnPage
from gateway.live.events import Kind, time_text, why_names

__all__ = ["alarm_event", "domains_of", "latest_events", "of_whole_devices"]


def alarm_event(epoch: str, alarm: Mapping[str, Any], titles: Mapping[str, str]) -> FeedEvent:
    """Where an alarm stands, as its last change would have told. `titles`: of conditions."""
    data = {"title": titles.get(str(alarm["condition"]), ""), **alarm}
    for name in ("at", "now", "since"):
        data[name] = time_text(int(alarm[name]))
    data["until"] = time_text(int(alarm["until"])) if alarm["until"] else None
    levels = (str(alarm["zone"]), str(alarm["condition"]), str(alarm["asset"]))
    made: FeedEvent = FeedEvent.of(epoch, 0, Kind.ALARM, levels, str(alarm["zone"]), data)
    return made


def latest_events(epoch: str, page: ColumnPage, records: Mapping[str, Mapping[str, Any]]) -> Iterable[FeedEvent]:
    """The newest reading of every quantity, an event a device. `records`: of devices, by id."""
    quantities: dict[str, dict[str, Any]] = {}
    columns = page.table.to_pydict()
    rows = zip(*(columns[name] for name in ("series", "ts", "value", "flag", "why")), strict=True)
    for place, ts, value, flag, why in rows:
        name = page.names[place]
        quantities.setdefault(name.device, {})[name.quantity] = {
            "value": value if isfinite(value) else None, "unit": name.unit, "flag": flag, "why": why_names(why),
            "time": time_text(ts),
        }  # fmt: skip
    for device, told in quantities.items():
        record = records.get(device, {"profile": "", "zone": "", "asset": ""})
        zone = str(record["zone"])
        about = {"device": device, "profile": record["profile"], "zone": zone, "asset": record["asset"]}
        yield FeedEvent.of(epoch, 0, Kind.LATEST, (zone, device), zone, {**about, "quantities": told})


def of_whole_devices(series: Iterable[Mapping[str, Any]], most: int) -> Iterator[list[tuple[str, str]]]:
    """(device, quantity) of series that come device by device, about `most` at a time; no device is parted."""
    out: list[tuple[str, str]] = []
    for device, mine in groupby(series, lambda each: str(each["device"])):
        out += [(device, str(each["quantity"])) for each in mine]
        if len(out) >= most:
            yield out
            out = []
    if out:
        yield out


def domains_of(conditions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Domain of each profile: that of the first condition that judges it, those about devices themselves last."""
    out: dict[str, str] = {}
    for condition in sorted(conditions, key=lambda each: str(each["name"]).startswith("device.")):
        domain = str(condition["name"]).partition(".")[0]
        for key in ("profile", "profiles"):
            named = condition.get(key) or ()
            for profile in [named] if isinstance(named, str) else named:
                out.setdefault(str(profile), domain)
    return out
