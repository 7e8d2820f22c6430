"""What the shape of a profile can't say by itself about event times. Rules are as in profile_checks.py."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from gateway.config.field_checks import Found, path_problem
from gateway.config.profile_model import FLAT, Profile
from gateway.config.units import LEFT_TO_FILL_IN

__all__ = ["TIME_RULES"]

_TEXTS = ("rfc3339", "iso_basic", "local")


def _time(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is not None and (time.format == "receipt") == (bool(time.path) or profile.has_own_times):
        yield "time", "a path belongs to every format but receipt", "Add a path, here or in the fields, or remove it."


def _time_zone(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is None:
        return
    if time.zone == LEFT_TO_FILL_IN:
        remedy = 'Write that of the devices\' clock, such as "Asia/Shanghai".'
        yield "time.zone", "is left to fill in: messages don't tell it", remedy
    elif time.zone is not None:
        try:
            ZoneInfo(time.zone)
        except (OSError, ValueError, KeyError):
            yield "time.zone", f"{time.zone!r} is not an IANA time zone", 'Write one like "Asia/Shanghai".'
    if (time.format == "local") != (time.zone is not None):
        yield "time.zone", "belongs to the format local, and only there", "Add zone, or remove it."


def _time_paths(profile: Profile) -> Iterator[Found]:
    if profile.codec in FLAT:
        return  # names as they stand
    for k, path in enumerate(profile.time.path if profile.time is not None else ()):
        yield from path_problem(path, f"time.path[{k}]")


def _time_interval(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is not None and time.interval is not None and time.format not in _TEXTS:
        yield "time.interval", f"does not belong to {time.format}", "Remove it: only texts can be intervals."


def _time_numbers(profile: Profile) -> Iterator[Found]:
    time = profile.time
    if time is not None and time.numbers is not None and time.format not in _TEXTS:
        yield "time.numbers", f"does not belong to {time.format}", "Remove it: only beside texts may numbers stand."


TIME_RULES = (_time, _time_zone, _time_interval, _time_numbers, _time_paths)
