"""What reports of a period ask of the desk: counts of flags over pages, and the bounds of a question."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.engine.results import SeriesName
from gateway.errors import CommandError
from gateway.runtime import period_desk
from gateway.runtime.period_desk import PeriodDesk
from gateway.stores.duckdb import DuckDbConfig, DuckDbStore
from gateway.stores.records import RecordsConfig, RecordsStore
from tests.support.blocks import T0, Journal, readings

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


class Names:
    """The outbox's part."""

    def __init__(self, names: Sequence[SeriesName]) -> None:
        self.names = names

    def series_names(self, _: int) -> Sequence[SeriesName]:
        """All of them."""
        return self.names


class Office:
    """What the desk asks here."""

    def __init__(self, records: RecordsStore, store: DuckDbStore, journal: Journal) -> None:
        self.records = records
        self.stores = [store]
        self.outbox = Names(journal.names)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[PeriodDesk]:
    records = RecordsStore(RecordsConfig(tmp_path / "records.db"))
    store = DuckDbStore(DuckDbConfig(tmp_path / "readings.duckdb", 366 * 86_400 * SECOND))
    journal = Journal()
    await records.open()
    await store.open()
    speed, flow = journal.series("L1"), journal.series("L1", "flow")
    other = journal.series("M1", "u", "meter")
    rows = [(speed, T0 + k * SECOND, float(k), 1, 0) for k in range(100)]
    rows += [(flow, T0 + k * SECOND, 1.0, 3, 64) for k in range(3)] + [(flow, T0 + 5 * SECOND, 1.0, 9, 2)]
    rows += [(other, T0, 220.0, 1, 0)]
    await journal.write(store, readings(*rows))
    made = PeriodDesk()
    made._office = Office(records, store, journal)  # type: ignore[assignment]
    yield made
    await records.close()
    await store.close()


@pytest.mark.parametrize("page", [7, 1_000])
async def test_readings_are_counted_by_series_flag_and_why_over_all_pages(
    desk: PeriodDesk, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(period_desk, "_PAGE_ROWS", page)

    found = await desk.flag_counts("loop_detector", T0, T0 + HOUR)

    assert found["store"] == "duckdb"
    assert found["rows"] == [["L1", "flow", 3, 64, 3], ["L1", "flow", 9, 2, 1], ["L1", "speed", 1, 0, 100]]


async def test_the_end_is_not_in_it_and_unknown_kinds_have_nothing(desk: PeriodDesk) -> None:
    assert (await desk.flag_counts("loop_detector", T0 + SECOND, T0 + 2 * SECOND))["rows"] == [
        ["L1", "flow", 3, 64, 1], ["L1", "speed", 1, 0, 1],
    ]  # fmt: skip
    assert (await desk.flag_counts("nothing-of-ours", T0, T0 + HOUR))["rows"] == []


@pytest.mark.parametrize("span", [0, -1, 26 * HOUR + 1])
async def test_a_span_that_is_none_or_too_long_is_refused(desk: PeriodDesk, span: int) -> None:
    with pytest.raises(CommandError, match="can't be counted"):
        await desk.flag_counts("loop_detector", T0, T0 + span)


async def test_without_alarms_and_letters_there_are_none(desk: PeriodDesk) -> None:
    assert await desk.standing_alarms(T0) == []
    assert await desk.letter_counts(0, T0) == {"letters": [], "purged": {}}
