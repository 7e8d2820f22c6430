"""What `cityloom journal salvage` tells of what is gone."""

from datetime import UTC

from gateway.cli.journal import _told
from gateway.journal.salvage.outbox_rebuild import LostBlock
from gateway.runtime.mending import Mended
from gateway.runtime.salvage import Salvaged
from tests.support.speakers import utc


def _lines(*blocks: LostBlock) -> list[str]:
    journal = Salvaged("damaged-1", 0, [], list(blocks), 0, True, 0, [], [], {})
    return [line for line in _told(Mended([], journal), UTC) if " block " in line]


def test_of_a_lost_block_it_says_of_when_its_readings_were_as_far_as_that_is_known() -> None:
    noon, later = utc("2026-03-04T12:00:00"), utc("2026-03-04T12:05:30")
    assert _lines(
        LostBlock(5, 1_200, ("duckdb", "influxdb"), noon, later), LostBlock(6, 3, ("influxdb",), 0, 0),
        LostBlock(7, 0, ("records",), 0, 0),
    ) == [
        "journal: block 5 is gone with 1,200 readings of times between 2026-03-04 12:00:00 UTC and"
        " 2026-03-04 12:05:30 UTC, which duckdb, influxdb will not get",
        "journal: block 6 is gone with 3 readings of times that aren't known, which influxdb will not get",
        "journal: block 7 is gone with 0 readings, which records will not get",
    ]  # fmt: skip


def test_of_a_damaged_duckdb_file_it_says_of_which_days_readings_are_gone() -> None:
    done = Mended([], readings_lost=1_500, days_lost={"2026-03-04": 500, "2026-03-05": 1_000})
    assert list(_told(done, UTC)) == [
        "readings.duckdb: 1,500 readings of 2026-03-04, 2026-03-05 (UTC) are gone; they count as dropped"
    ]


def test_later_verdicts_that_are_gone_are_told_as_such() -> None:
    done = Mended([], readings_lost=0, verdicts_lost={"2026-03-04": 1_200})
    assert list(_told(done, UTC)) == [
        "readings.duckdb: every reading could be read",
        "readings.duckdb: 1,200 later verdicts on readings of 2026-03-04 (UTC) are gone; "
        "the flags before them stand again",
    ]
