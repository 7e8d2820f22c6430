"""Links to the API for what a chart shows, unthinned: a browser follows them with its session."""

from datetime import UTC, datetime

from gateway.console.nodes import path

__all__ = ["EXPORTS", "export_address"]

EXPORTS = (("CSV", "csv"), ("Parquet", "parquet"))
"""What people call a format, and what the API does."""
_STEPS = {0: "raw", 60: "1m", 900: "15m", 3_600: "1h", 86_400: "1d"}
_SECOND = 1_000_000_000


def export_address(device: str, start: int, end: int, step: int, kind: str) -> str:
    """Of all quantities of a device in [start, end), UTC ns: readings (`step` 0) or windows of `step` seconds."""
    said = {"device": device, "from": _utc(start), "to": _utc(end), "step": _STEPS[step], "format": kind}
    return path("/api/v1/readings", **said)


def _utc(ns: int) -> str:
    secs, rest = divmod(ns, _SECOND)
    return f"{datetime.fromtimestamp(secs, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
