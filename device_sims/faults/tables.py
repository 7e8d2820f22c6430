"""The `[[faults]]` of a scenario: what, at which devices, when, how much. scenarios/README.md has them."""

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import Any

from device_sims.city.devices import City
from device_sims.faults.catalogue import QUANTITIES, RULES
from device_sims.faults.specification import Fault, checked_size
from device_sims.kinds import quantities_of
from device_sims.troubles.trouble import Place

__all__ = ["number_of", "read_faults"]

_KEYS = (
    "kind", "day", "at", "minutes", "size", "share", "device", "asset", "zone", "profile", "quantity", "sentence",
)  # fmt: skip
_NEEDED = ("kind", "at", "minutes")
_MAY_LAST = frozenset({"backlog", "outage", "reboot"})
"""Kinds that take all of the time of a table which gives no size."""


def read_faults(
    document: Mapping[str, Any], name: str, city: City, span: Callable[[Mapping[str, Any], str], tuple[int, int]]
) -> Iterator[Fault]:
    """The faults of a parsed scenario.

    Args:
        name: of the scenario, for errors.
        span: gives start and end (UTC ns) of a table; the text is its place for errors.

    Raises:
        ValueError: something is wrong in a table; says what and where.
    """
    for k, table in enumerate(document.get("faults", [])):
        where = f"scenario {name}: faults[{k}]"
        if unknown := table.keys() - set(_KEYS):
            raise ValueError(f"{where}.{min(unknown)} is not known; there are {', '.join(sorted(_KEYS))}")
        if missing := [key for key in _NEEDED if key not in table]:
            raise ValueError(f"{where}.{missing[0]} is missing")
        kind = str(table["kind"])
        if kind not in RULES:
            raise ValueError(f"{where}.kind {kind!r} is no fault; there are {', '.join(RULES)}")
        share = number_of(table, "share", where, 1.0)
        if not 0.0 < share <= 1.0:
            raise ValueError(f"{where}.share must lie above 0 and up to 1, not {share:g}")
        quantity = str(table.get("quantity", ""))
        if quantity and kind not in QUANTITIES:
            raise ValueError(f"{where}.quantity: {kind} changes no value; leave it out")
        start, end = span(table, where)
        fault = Fault(
            kind, Place(str(table.get("device", "")), str(table.get("asset", "")), str(table.get("zone", ""))),
            str(table.get("profile", "")), quantity, start, end, _size(table, kind, where), share, f"{kind} {k}",
            str(table.get("sentence", "")),
        )  # fmt: skip
        if not any(fault.has(device) for device in city.devices):
            asked = " ".join(f"{key}={table[key]}" for key in ("device", "asset", "zone", "profile") if key in table)
            raise ValueError(f"{where}: no device of the city is at {asked}")
        there = {device.profile for device in city.devices if fault.has(device)}
        known = sorted({name for profile in there for name in quantities_of(profile)})
        if quantity and quantity not in known:
            raise ValueError(f"{where}.quantity: no device there has {quantity!r}; there are {', '.join(known)}")
        yield fault


def _size(table: Mapping[str, Any], kind: str, where: str) -> float:
    given = None if "size" not in table else number_of(table, "size", where)
    if given is None and kind in _MAY_LAST:
        return 0.0
    try:
        return checked_size(kind, given)
    except ValueError as error:
        raise ValueError(f"{where}.size: {error}") from error


def number_of(table: Mapping[str, Any], key: str, where: str, default: float | None = None) -> float:
    """A finite number of a scenario's table.

    Raises:
        ValueError: it is none, or is missing and there is no default; says where.
    """
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError(f"{where}.{key} must be a number, not {value!r}")
    return float(value)
