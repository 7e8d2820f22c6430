from pathlib import Path

import numpy as np
import pytest

from gateway.errors import CommandError
from gateway.score.battledim import DAY, read_year
from tests.support.public_data import public_data

FLOWS, LEVELS = "battledim_2019_flows.csv", "battledim_2019_levels.csv"
TRUTH, LEAKS = "battledim_2019_leak_flow_truth.npz", "battledim_leakages_info.csv.txt"


def _times() -> list[str]:
    return [f"2019-01-01 {k // 12:02d}:{k % 12 * 5:02d}:00" for k in range(DAY)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One day with one leak in it."""
    flows = [f"{time};30,5;20;10,25" for time in _times()]
    (tmp_path / FLOWS).write_text("\n".join(["Timestamp;p227;p235;PUMP_1", *flows]))
    (tmp_path / LEVELS).write_text("\n".join(["Timestamp;T1", *(f"{time};3,41" for time in _times())]))
    np.savez(tmp_path / TRUTH, leak_flow=np.full((DAY, 1), 5.0, np.float32), pipes=np.array(["p280"]))
    (tmp_path / LEAKS).write_text(
        "# linkID, ...\np280, 2019-01-01 12:00, 2019-12-31 23:55, 0.0095, abrupt, 2019-01-01 12:00"
    )
    return tmp_path


def test_flows_levels_and_leaks_are_read(folder: Path) -> None:
    year = read_year(folder)

    assert year.days == 1
    assert set(year.net_inflow.tolist()) == {40.25}
    assert (year.pump[0], year.level[-1]) == (10.25, 3.41)
    leak = year.leaks[0]
    assert (leak.pipe, leak.kind, leak.start, leak.behind_tank) == ("p280", "abrupt", 0.5, True)
    assert leak.flow.tolist() == [5.0] * DAY
    assert year.date(31) == "2019-02-01"


@pytest.mark.parametrize("name", [FLOWS, LEVELS, TRUTH, LEAKS])
def test_a_file_that_is_not_there_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(CommandError, match=name) as told:
        read_year(folder)
    assert told.value.remedy


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (FLOWS, "Timestamp;p227;p235\n2019-01-01 00:00:00;1;2\n"),
        (FLOWS, "Timestamp;p227;p235;PUMP_1\n2019-01-01 00:00:00;1;2;3\n"),
        (FLOWS, "Timestamp;p227;p235;PUMP_1\n2019-01-01 00:05:00;1;2;3\n"),
        (FLOWS, "Timestamp;p227;p235;PUMP_1\n2019-01-01 00:00:00;1;two;3\n"),
        (FLOWS, "Timestamp;p227;p235;PUMP_1\n"),
        (FLOWS, ""),
        (LEVELS, "Timestamp;T1\n2019-01-01 00:00:00;3,4\n"),
        (TRUTH, "no archive"),
        (LEAKS, "p280, yesterday, 2019-12-31 23:55, 0.0095, abrupt, 2019-01-01 12:00"),
        (LEAKS, "p281, 2019-01-01 12:00, 2019-12-31 23:55, 0.0095, abrupt, 2019-01-01 12:00"),
        (LEAKS, "p280, 2019-01-01 12:00"),
    ],
)
def test_a_file_that_is_not_as_expected_is_a_sentence(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)

    with pytest.raises(CommandError) as told:
        read_year(folder)
    assert told.value.remedy


def test_a_truth_of_another_length_is_refused(folder: Path) -> None:
    np.savez(folder / TRUTH, leak_flow=np.zeros((3, 1)), pipes=np.array(["p280"]))

    with pytest.raises(CommandError, match="leak_flow"):
        read_year(folder)


def test_the_whole_year_is_there() -> None:
    year = read_year(public_data(f"water/{FLOWS}").parent)

    assert (year.days, len(year.leaks)) == (365, 23)
    assert sum(leak.behind_tank for leak in year.leaks) == 3
    assert sum(leak.start >= 0 for leak in year.leaks) == 19
    assert year.net_inflow[0] == pytest.approx(88.14 + 90.89 - 44.02)
