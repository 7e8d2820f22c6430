"""Which format an answer has: by `format=` in the question, else by its Accept header."""

from enum import StrEnum

from starlette.requests import Request

from gateway.api.problems import Problem

__all__ = ["MEDIA_TYPES", "Format", "chosen"]


class Format(StrEnum):
    """Of columns."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.ARROW: "application/vnd.apache.arrow.stream",
    Format.PARQUET: "application/vnd.apache.parquet",
}
_BY_TYPE = {kind.partition(";")[0]: name for name, kind in MEDIA_TYPES.items()} | {
    "application/*": Format.JSON, "*/*": Format.JSON, "text/*": Format.CSV, "application/x-parquet": Format.PARQUET,
}  # fmt: skip


def chosen(request: Request, asked: Format | None) -> Format:
    """The format that is wanted most. Raises Problem (406)."""
    if asked is not None:
        return asked
    accept = request.headers.get("accept", "*/*").strip() or "*/*"
    wanted = sorted((_weighed(part) for part in accept.split(",")), key=lambda pair: -pair[0])
    refused = {_BY_TYPE[name] for weight, name in wanted if weight <= 0 and name in _BY_TYPE}
    for weight, name in wanted:
        if weight > 0 and name in _BY_TYPE:
            # who takes anything else gets anything else
            found = next((each for each in (_BY_TYPE[name], *Format) if each not in refused), None)
            if found is _BY_TYPE[name] or (found is not None and name == "*/*"):
                return found
    names = ", ".join(kind.partition(";")[0] for kind in MEDIA_TYPES.values())
    raise Problem("not-acceptable", f"There is no answer as {accept[:100]!r}.", f"There are {names}; or format=csv.")


def _weighed(part: str) -> tuple[float, str]:
    name, *options = part.strip().lower().split(";")
    for option in options:
        key, _, value = option.strip().partition("=")
        if key == "q":
            try:
                return float(value), name.strip()
            except ValueError:
                return 0.0, name.strip()
    return 1.0, name.strip()
