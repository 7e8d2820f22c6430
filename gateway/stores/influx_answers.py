"""What InfluxDB's answers mean for the gateway: try again, stop, or look for the points that it refuses."""

import email.utils
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from gateway.errors import Halt, Retry

__all__ = [
    "NO_INFLUXDB", "BodyTooLarge", "Conflict", "OutsideRetention", "PointsRefused", "judge", "message_of",
    "partial_write",
]  # fmt: skip

NO_INFLUXDB = "Check that the store's url is that of an InfluxDB 2 server and not of a page in front of it."
_MAX_DETAIL = 300
_MAX_RETRY_AFTER = 3600.0
_OUTSIDE = re.compile(r"(?:outside|beyond) retention policy.*dropped=(\d+)", re.DOTALL)
_CONFLICT = re.compile(
    r'field type conflict: input field "(.*?)" on measurement "(.*?)" is type \w+, already exists as type \w+.*'
    r"dropped=(\d+)",
    re.DOTALL,
)


class PointsRefused(Exception):
    """400 or 422: something in the body is refused; what else is in it may be stored or not."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class BodyTooLarge(Exception):
    """413: send it in parts."""


class OutsideRetention(NamedTuple):
    """All of the body is stored but the `dropped` oldest points."""

    dropped: int


class Conflict(NamedTuple):
    """`dropped` points are not stored, for one because `field` has another type there; the rest is."""

    field: str
    measurement: str
    dropped: int


def partial_write(message: str) -> OutsideRetention | Conflict | None:
    """Read a *partial write* answer. None: the answer doesn't say which points it is about."""
    if "partial write" not in message:
        return None
    conflict = _CONFLICT.search(message)
    if conflict is not None:
        return Conflict(conflict[1], conflict[2], int(conflict[3]))
    outside = _OUTSIDE.search(message)
    # a lower bound: points from the future are refused in other words and are not the oldest
    if outside is not None and "Upper Bound" not in message:
        return OutsideRetention(int(outside[1]))
    return None


def judge(
    status: int, message: str, headers: Mapping[str, str], what: str, org: str
) -> Retry | Halt | PointsRefused | BodyTooLarge:
    """The error to raise for an answer that is no success. `what` names the bucket or the request in the remedy."""
    said = f"InfluxDB answers {status} to {what}: {message}"
    match status:
        case 400 | 422:
            return PointsRefused(status, message)
        case 413:
            return BodyTooLarge(message)
        case 401:
            return Halt(said, "Set a valid token for the store (in its secret file or environment variable).")
        case 403:
            return Halt(said, f"Give the token read and write access to {what} of organisation '{org}'.")
        case 404:
            return Halt(said, f"Create {what} in organisation '{org}', or correct the name in the configuration.")
        case 408 | 429:
            return Retry(said, _retry_after(headers))
        case _ if status >= 500:
            return Retry(said, _retry_after(headers), _remedy(message))
    return Halt(said, NO_INFLUXDB)


def _remedy(message: str) -> str:
    """What an operator can do about trouble that passes by itself as a rule."""
    room = "Make room on the disk of the InfluxDB server" if "no space left" in message else ""
    if "previously failed" in message:
        # it remembers a shard that it could not open
        return f"{room}, then restart InfluxDB." if room else "Restart InfluxDB, and look at its log."
    return f"{room}." if room else ""


def message_of(body: bytes) -> str:
    """What an answer says, be it InfluxDB's JSON or a proxy's page."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace").strip()[:_MAX_DETAIL]
    return str(answer.get("message") or answer.get("error") or "")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a number or a date; a date counts from the answer's own Date, not from our clock."""
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return min(float(text), _MAX_RETRY_AFTER)
    try:
        until = email.utils.parsedate_to_datetime(text)
        since = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return min(max((until - since).total_seconds(), 0.0), _MAX_RETRY_AFTER)
    except (TypeError, ValueError):
        return None
