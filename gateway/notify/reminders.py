"""Reminders ahead of time: calibrations that fall due. Pure.

A calibration is good for `every_days` from the day of the last one, or of the installation where none is on record. The
same device and due day give the same reminder, so that it is told once; the next due day follows with the next
calibration. One that is long overdue is told like any other: nobody knows that somebody else knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.config.content import Device
from gateway.notify.model import Reminder

__all__ = ["Calibration", "Calibrations"]

_SECOND = 1_000_000_000
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """What holds for one kind of device."""

    profile: str
    every_days: int
    ahead_days: int
    channels: tuple[str, ...]


class Calibrations:
    """Due days of devices, worked out once; `due` is cheap while nothing is new."""

    def __init__(
        self, rules: Sequence[Calibration], devices: Sequence[Device], calibrated: dict[str, str], zone: ZoneInfo
    ) -> None:
        """`calibrated`: ISO dates of last calibrations, by device."""
        found: list[tuple[int, Reminder]] = []
        for rule in rules:
            for device in devices:
                since = calibrated.get(device.id, "") or device.installed
                if device.profile == rule.profile and since:
                    due = date.fromisoformat(since) + timedelta(days=rule.every_days)
                    from_ns = _midnight(due - timedelta(days=rule.ahead_days), zone)
                    found.append(
                        (from_ns, _reminder(rule, device, since, _midnight(due, zone), device.id in calibrated))
                    )
        self._waiting = sorted(found, key=lambda each: (each[0], each[1].device, each[1].channels))
        self._told = 0

    def due(self, now: int) -> list[Reminder]:
        """Those whose time has come since the last call, a thousand at most."""
        out: list[Reminder] = []
        while len(out) < _AT_ONCE and self._more(now):
            out.append(self._waiting[self._told][1])
            self._told += 1
        return out

    def _more(self, now: int) -> bool:
        return self._told < len(self._waiting) and self._waiting[self._told][0] <= now


def _reminder(rule: Calibration, device: Device, since: str, due: int, known: bool) -> Reminder:
    last = f"last calibrated {since}" if known else f"installed {since}, no calibration on record"
    return Reminder("calibration", device.id, device.zone, due, f"{device.profile}, {last}.", rule.channels)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * _SECOND
