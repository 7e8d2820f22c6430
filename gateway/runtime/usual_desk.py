"""The desk's part about what is usual: the profiles that conditions and checks have learned of a device's series."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gateway.errors import CommandError, Missing
from gateway.runtime.office import Office
from processors.columns import F64

__all__ = ["USUAL_METHODS", "UsualDesk"]

USUAL_METHODS = frozenset({"usual"})
_MOST_POINTS = 1_000
_MOST_SERIES = 64


class UsualDesk:
    """Made by Desk."""

    _office: Office

    async def usual(
        self, device: str, start: int, end: int, quantities: Sequence[str] = (), points: int = 300
    ) -> dict[str, Any]:  # fmt: skip
        """What is usual of a device's series at `points` times from `start` to `end`, UTC ns, as it is learned now:
        `ts`, and of each series that has been learned `low`, `middle`, `high` (null where that hour is not known yet)
        and `by`, which condition learned it, or "climatology". A series of which nothing is learned is left out.

        Raises:
            CommandError: there is no such device, or the times are none.
        """
        if end <= start:
            raise CommandError("A time ends after it begins.", "Give start and end, UTC ns.", 2)
        zone = (await self._office.engines()).zone
        registry = zone.registry
        index = registry.by_id(device)
        if index < 0:
            raise Missing(f"No device {device!r} is known.", "The list of devices tells which there are.", 1)
        ts = np.linspace(start, end, max(2, min(points, _MOST_POINTS)), dtype=np.float64).astype(np.int64)
        found = []
        for number in registry.series_of_device(index).tolist()[:_MOST_SERIES]:
            name = registry.series[number]
            if quantities and name.quantity not in quantities:
                continue
            usual = zone.usual(number, ts)
            if usual is not None:
                found.append({
                    "quantity": name.quantity, "unit": name.unit, "by": usual.by, "low": _plain(usual.low),
                    "middle": _plain(usual.middle), "high": _plain(usual.high),
                })  # fmt: skip
        return {"ts": ts.tolist(), "series": found}


def _plain(values: F64) -> list[float | None]:
    return [float(value) if known else None for value, known in zip(values, np.isfinite(values), strict=True)]
