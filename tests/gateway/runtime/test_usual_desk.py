"""What has been learned of a device's series, as the desk tells it."""

from types import SimpleNamespace

import numpy as np
import pytest

from gateway.engine.zone import ZoneEngine
from gateway.errors import CommandError, Missing
from gateway.runtime.usual_desk import UsualDesk
from tests.support.conditions import judging, says
from tests.support.engine import SECOND, START

UNUSUAL = {
    "name": "grid.unusual", "title": "Unusual", "kind": "unusual", "profile": "meter", "quantity": "u_a",
    "warm_days": 0.25, "priorities": [4],
}  # fmt: skip
HOUR = 3600


class Office:
    """What the desk asks here."""

    def __init__(self, zone: ZoneEngine) -> None:
        self._zone = zone

    async def engines(self) -> SimpleNamespace:
        """The engines."""
        return SimpleNamespace(zone=self._zone)


@pytest.fixture
def desk() -> UsualDesk:
    zone = judging(UNUSUAL)
    volts = 230 + np.random.default_rng(3).normal(0, 1, 8 * 60)
    rows = [says("meter", "m1", 60 * k, u_a=float(volt), u_b=1.0) for k, volt in enumerate(volts)]
    for at in range(0, len(rows), 60):
        zone.step(rows[at : at + 60], rows[at : at + 60][-1].received_at, True)
    made = UsualDesk()
    made._office = Office(zone)  # type: ignore[assignment]
    return made


async def test_a_band_is_told_of_the_series_that_are_learned(desk: UsualDesk) -> None:
    end = START + 8 * HOUR * SECOND
    found = await desk.usual("m1", START, end, points=9)

    assert (len(found["ts"]), found["ts"][0], found["ts"][-1]) == (9, START, end)
    (series,) = found["series"]
    assert (series["quantity"], series["unit"], series["by"]) == ("u_a", "V", "grid.unusual")
    assert all(low < middle < high for low, middle, high in zip(
        series["low"], series["middle"], series["high"], strict=True
    ))  # fmt: skip
    assert (await desk.usual("m1", START, end, ["u_b"]))["series"] == []


async def test_points_are_bounded(desk: UsualDesk) -> None:
    assert len((await desk.usual("m1", START, START + SECOND, points=1 << 40))["ts"]) == 1_000
    assert len((await desk.usual("m1", START, START + SECOND, points=-3))["ts"]) == 2


async def test_who_is_not_there_has_learned_nothing(desk: UsualDesk) -> None:
    with pytest.raises(Missing):
        await desk.usual("nobody", START, START + 1)
    with pytest.raises(CommandError):
        await desk.usual("m1", START, START)
