"""Which series a read of columns is of: each once, in the order of the question, and looked up at once."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from gateway.engine.results import SeriesName
from gateway.errors import Missing
from gateway.runtime.column_desk import ColumnDesk

NAMES = [
    SeriesName(2 * k + j, f"d{k}", quantity, "p", "V") for k in range(3_000) for j, quantity in enumerate(("u", "i"))
]


class Outbox:
    """The names of a large city."""

    def __init__(self) -> None:
        self.looked = 0

    def series_of(self, devices: Sequence[str]) -> list[SeriesName]:
        """See Outbox."""
        self.looked += 1
        wanted = set(devices)
        return [name for name in NAMES if name.device in wanted]


@pytest.fixture
def desk() -> ColumnDesk:
    made = ColumnDesk()
    made._office = SimpleNamespace(outbox=Outbox())
    return made


async def test_series_are_those_that_were_named_in_their_order(desk: ColumnDesk) -> None:
    found = (await desk._chosen([("d7", "i"), ("d3", ""), ("d7", "i"), ("d7", "u")]))[0]
    assert [(name.device, name.quantity) for name in found] == [("d7", "i"), ("d3", "u"), ("d3", "i"), ("d7", "u")]


async def test_thousands_of_devices_are_one_look(desk: ColumnDesk) -> None:
    assert len((await desk._chosen([(f"d{k}", "u") for k in range(3_000)]))[0]) == 3_000
    assert desk._office.outbox.looked == 1  # type: ignore[attr-defined]


async def test_what_is_not_there_is_told(desk: ColumnDesk) -> None:
    with pytest.raises(Missing, match="'stranger'"):
        await desk._chosen([("d1", ""), ("stranger", "")])
    with pytest.raises(Missing, match="no quantity 'p'"):
        await desk._chosen([("d1", "p")])
