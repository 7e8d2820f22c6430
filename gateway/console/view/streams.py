"""What arrives, by profile and by zone: rates, quality, silence, clocks; and what came just now."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from gateway.console.view.alarm_book import Alarm

__all__ = ["Arrivals", "ProfileRow", "ZoneRow", "by_profile", "by_zone", "profile_totals"]

_SECOND = 1e9


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile: counts are since the gateway's books began; offsets in seconds."""

    profile: str
    devices: int
    silent: int
    messages_rate: float | None
    readings_rate: float | None
    good: float | None
    late: int
    missing: int
    duplicate: int
    invalid: int
    rejected: int
    offset_median: float | None
    offset_worst: float | None


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """One zone: `heard`: when the device that has been silent for longest was heard last (UTC ns; 0: never)."""

    zone: str
    devices: int
    silent: int
    series: int
    good: float | None
    heard: int


def profile_totals(ledger: Mapping[str, Any]) -> dict[str, float]:
    """Counters of the books that rates are shown of."""
    out: dict[str, float] = {}
    for profile, terms in ledger["profiles"].items():
        out[f"{profile} messages"] = float(terms.get("messages_decoded", 0) + terms.get("messages_rejected", 0))
        out[f"{profile} readings"] = float(terms.get("accepted", 0))
    return out


def by_profile(
    ledger: Mapping[str, Any], status: Mapping[str, Any], devices: Iterable[Mapping[str, Any]], alarms: Iterable[Alarm],
    rate: Any,
) -> list[ProfileRow]:  # fmt: skip
    """`rate`: of a counter of `profile_totals`, a second; None where it is not known yet."""
    mine: dict[str, list[Mapping[str, Any]]] = {}
    for device in devices:
        mine.setdefault(str(device["profile"]), []).append(device)
    silent = _silent(alarms)
    good = _good(status["city"], "profile")
    out = []
    for profile in sorted({*ledger["profiles"], *mine}):
        terms = ledger["profiles"].get(profile, {})
        own = mine.get(profile, [])
        offsets = [device["offset"] / _SECOND for device in own if device["offset"] is not None]
        out.append(ProfileRow(
            profile, len(own), sum(device["id"] in silent for device in own), rate(f"{profile} messages"),
            rate(f"{profile} readings"), good.get(profile, (0, None))[1], terms.get("late", 0), terms.get("missing", 0),
            terms.get("duplicate", 0), terms.get("invalid", 0), terms.get("messages_rejected", 0),
            median(offsets) if offsets else None, max(offsets, key=abs) if offsets else None,
        ))  # fmt: skip
    return out


def by_zone(status: Mapping[str, Any], devices: Iterable[Mapping[str, Any]], alarms: Iterable[Alarm]) -> list[ZoneRow]:
    """Zones with devices, those with silent ones first."""
    mine: dict[str, list[Mapping[str, Any]]] = {}
    for device in devices:
        mine.setdefault(str(device["zone"]), []).append(device)
    silent, good = _silent(alarms), _good(status["city"], "zone")
    out = [
        ZoneRow(
            zone, len(own), sum(device["id"] in silent for device in own), *good.get(zone, (0, None)),
            min(int(device["heard"]) for device in own),
        )
        for zone, own in mine.items()
    ]  # fmt: skip
    return sorted(out, key=lambda row: (-row.silent, row.zone))


def _silent(alarms: Iterable[Alarm]) -> frozenset[str]:
    return frozenset(alarm.asset for alarm in alarms if alarm.condition == "device.silent" and alarm.stands)


def _good(lanes: Iterable[Mapping[str, Any]], key: str) -> dict[str, tuple[int, float | None]]:
    """Series that report, and their share of good readings, by zone or profile."""
    series: dict[str, int] = {}
    good: dict[str, float] = {}
    for lane in lanes:
        name = str(lane[key])
        series[name] = series.get(name, 0) + int(lane["series"])
        good[name] = good.get(name, 0.0) + float(lane["good"] or 0.0) * int(lane["series"])
    return {name: (number, good[name] / number if number else None) for name, number in series.items()}


class Arrivals:
    """The newest readings that came, the newest first; bounded."""

    def __init__(self, most: int = 40) -> None:
        self._held: deque[tuple[int, Mapping[str, Any]]] = deque(maxlen=most)
        self._number = 0

    def take(self, data: Mapping[str, Any]) -> None:
        """An event of the kind latest."""
        self._number += 1
        self._held.appendleft((self._number, data))

    def rows(self, search: str = "") -> Sequence[tuple[int, Mapping[str, Any]]]:
        """(number, data) of those whose device, zone, profile or asset has all words of `search`."""
        words = search.lower().split()
        return [
            (number, data)
            for number, data in self._held
            if all(
                word in f"{data['device']} {data.get('zone')} {data.get('profile')} {data.get('asset')}".lower()
                for word in words
            )
        ]
