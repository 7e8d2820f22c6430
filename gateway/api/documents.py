"""What the desk says as documents have it: times as RFC 3339, what is not known as null."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from gateway.config.city import City
from gateway.live.events import time_text

__all__ = ["alarm_change", "device_row", "place_of", "time_axis", "time_or_none", "timed"]

_SILENT = "device.silent"
_BEGINS = {"raised", "repeated"}
_ENDS = {"returned", "retired"}


def time_or_none(ns: int | None) -> str | None:
    """UTC ns as RFC 3339; 0 and None: it is not known, or never was."""
    return time_text(ns) if ns else None


def timed(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """`row` with these UTC ns as times."""
    return {**row, **{name: time_or_none(row[name]) for name in names}}


def alarm_change(row: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """A change of an alarm. `titles`: of conditions; one that is no longer configured has its name."""
    out = {**row, "at": time_text(row["at"]), "now": time_text(row["now"]), "since": time_text(row["since"])}
    return {**out, "until": time_or_none(row["until"]), "title": titles.get(row["condition"], row["condition"])}


def device_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A device as in lists."""
    out = {name: row[name] for name in ("id", "profile", "keys", "state", "zone", "asset", "cell", "lon", "lat")}
    return {
        **out, "since": time_or_none(row["since"]), "heard": time_or_none(row["heard"]),
        "newest": time_or_none(row["newest"]),
        "clock_offset_secs": None if row["offset"] is None else row["offset"] / 1e9,
        "offline_since": time_or_none(row["offline"]), "counts": row["counts"],
    }  # fmt: skip


def place_of(row: Mapping[str, Any], city: City) -> dict[str, Any]:
    """Where a device is, with names."""
    zone = next((each for each in city.zones if each.id == row["zone"]), None)
    asset = next((each for each in city.assets() if each.id == row["asset"]), None)
    return {
        "lon": row["lon"], "lat": row["lat"], "cell": row["cell"] or None, "zone": row["zone"] or None,
        "zone_name": None if zone is None else zone.name, "asset": row["asset"] or None,
        "asset_kind": None if asset is None else asset.key.partition("[")[0],
    }  # fmt: skip


def time_axis(row: Mapping[str, Any], history: Sequence[Mapping[str, Any]], city: City) -> list[dict[str, Any]]:
    """What happened to a device, the oldest first. `history`: changes of alarms about it."""
    found = [
        _moment(_midnight(row[what], city), what, row[what])
        for what in ("installed", "calibrated") if row[what]
    ]  # fmt: skip
    records = row["records"] or [row]
    found += [_moment(time_text(records[0]["since"]), records[0]["state"])] if records[0]["since"] else []
    for before, after in pairwise(records):
        found += [_moment(time_text(after["since"]), what, text) for what, text in _differences(before, after)]
    found += [_moment(time_text(row["heard"]), "heard")] if row["heard"] else []
    found += [_moment(time_text(row["offline"]), "offline")] if row["offline"] else []
    for change in history:
        begins, ends = change["change"] in _BEGINS, change["change"] in _ENDS
        if begins or ends:
            silent = change["condition"] == _SILENT
            what = ("silent" if begins else "online") if silent else ("fault" if begins else "over")
            found.append(_moment(change["at"], what, change["title"], change))
    return sorted(found, key=lambda moment: str(moment["at"]))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What became of a device between two of its records."""
    if (before["profile"], before["keys"]) != (after["profile"], after["keys"]):
        yield "replaced", f"{_known_as(before)} by {_known_as(after)}"
    if any(before[name] != after[name] for name in ("zone", "asset", "lon", "lat")):
        yield "moved", f"{_standing(before)} to {_standing(after)}"
    if before["state"] != after["state"]:
        yield after["state"], ""


def _known_as(record: Mapping[str, Any]) -> str:
    return f"{record['profile']} {' '.join(record['keys'])}"


def _standing(record: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (record["zone"], record["asset"]))) or "nowhere"


def _moment(at: str, what: str, text: str = "", change: Mapping[str, Any] | None = None) -> dict[str, Any]:
    of = {"alarm": None, "condition": None} if change is None else {k: change[k] for k in ("alarm", "condition")}
    return {"at": at, "what": what, "text": text, **of}


def _midnight(day: str, city: City) -> str:
    """A day of the city as the time at which it begins."""
    begun = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(city.timezone))
    return time_text(int(begun.timestamp()) * 1_000_000_000)
