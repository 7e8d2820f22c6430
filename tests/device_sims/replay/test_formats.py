"""Recordings are told apart by what is in them, and read row by row."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from device_sims.replay.formats import open_table
from device_sims.replay.table import Table

HOUR = 3_600_000_000_000
NEW_YEAR_2019 = 1_546_300_800_000_000_000


def _written(folder: Path, text: str, name: str = "data.txt") -> Table:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return open_table(file)


def test_battledim_has_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    table = _written(tmp_path, "Timestamp;p227;PUMP_1;T1;n4\n2019-01-01 00:00:00;88,14;44;3,41;27,9\n")

    assert (table.format, table.local) == ("BattLeDIM", True)
    assert list(table.rows()) == [(NEW_YEAR_2019, (88.14, 44.0, 3.41, 27.9))]
    told = {each.id: (each.kind, each.at, *((q, c.unit) for q, c in each.columns.items())) for each in table.devices}
    assert told == {
        "p227": ("water-flow", "inlet", ("flow", "m3/h")), "pump-1": ("water-flow", "critical", ("flow", "m3/h")),
        "t1": ("reservoir-level", "tank", ("level", "m")), "n4": ("water-pressure", "", ("pressure", "mH2O")),
    }  # fmt: skip


def test_ett_is_told_by_its_header(tmp_path: Path) -> None:
    table = _written(tmp_path, "date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT\n2019-01-01 01:00:00,5.8,2,1.6,.5,4.2,1.3,30.5\n")

    assert table.format == "ETT"
    assert list(table.rows()) == [(NEW_YEAR_2019 + HOUR, (5.8, 2.0, 1.6, 0.5, 4.2, 1.3, 30.5))]
    assert table.devices[0].columns["oil"].unit == "Cel"


@pytest.mark.parametrize(
    "text",
    [
        "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity\n"
        "1/2/2019;00:01:00;0.326;0.13;243.32;1.4\n1/2/2019;00:02:00;?;?;?;?\n",
        '"","date","time","global_active_power","global_reactive_power","voltage","global_intensity"\n'
        '"1","1/2/2019","00:01:00",0.326,0.13,243.32,1.4\n"2","1/2/2019","00:02:00",?,?,?,?\n',
    ],
)
def test_uci_writes_the_day_first_and_a_question_mark_for_nothing(tmp_path: Path, text: str) -> None:
    table = _written(tmp_path, text)

    first = NEW_YEAR_2019 + 31 * 24 * HOUR + HOUR // 60
    assert table.format == "UCI household"
    assert list(table.rows()) == [(first, (0.326, 0.13, 243.32, 1.4)), (first + HOUR // 60, (None,) * 4)]
    assert table.devices[0].columns["u"].name == "voltage"


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [("speed_6005.csv", "segment-speed", "mph"), ("occupancy_t4013.csv", "loop-detector", "%")],
)
def test_a_nab_file_says_by_its_name_what_it_measured(tmp_path: Path, name: str, kind: str, unit: str) -> None:
    table = _written(tmp_path, "timestamp,value\n2019-01-01 00:00:00,564\n", name)

    (device,) = table.devices
    assert (table.format, device.kind, next(iter(device.columns.values())).unit) == ("NAB", kind, unit)


def test_other_csv_is_read_by_its_column_of_times(tmp_path: Path) -> None:
    table = _written(tmp_path, "site;when_not;time;a;b\nx;1;2019-01-01T01:00:00+01:00;1,5;\n")

    assert (table.format, table.local, table.devices) == ("CSV", False, ())
    with pytest.raises(ValueError, match=r"line 2, column site: 'x' is no number"):
        list(table.rows())
    good = _written(tmp_path, "ts\ta\tb\n1546300800000\t1.5\tnull\n")
    assert list(good.rows()) == [(NEW_YEAR_2019, (1.5, None))]


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "packed.csv"
    file.write_bytes(gzip.compress(b"time,a\n2019-01-01T00:00:00Z,2\n"))
    assert list(open_table(file).rows()) == [(NEW_YEAR_2019, (2.0,))]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_are_of_any_unit_and_texts_are_left_out(tmp_path: Path, unit: str) -> None:
    file = tmp_path / "data"
    scale = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    whole = NEW_YEAR_2019 // 1_000_000_000 * scale
    columns = {
        "b": pa.array([1.5, float("nan")]), "name": pa.array(["x", "y"]),
        "at": pa.array([whole, whole + scale], pa.timestamp(unit, "UTC")), "a": pa.array([7, None], pa.int64()),
    }  # fmt: skip
    parquet.write_table(pa.table(columns), file)

    table = open_table(file)

    assert (table.format, table.columns, table.local) == ("Parquet", ("b", "a"), False)
    assert list(table.rows()) == [(NEW_YEAR_2019, (1.5, 7.0)), (NEW_YEAR_2019 + 1_000_000_000, (None, None))]


def test_a_table_can_be_read_again(tmp_path: Path) -> None:
    table = _written(tmp_path, "timestamp,value\n2019-01-01 00:00:00,564\n", "speed_1.csv")
    assert list(table.rows()) == list(table.rows())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\x00\xff\xfe\x01" * 20, "neither text nor Parquet"),
        (b"PAR1 but cut", "no whole Parquet file"),
        (b"# notes\n\nmore\n", "no header with a column of times; its first line is '# notes'"),
        (
            b'{"received_at": 1, "topic": "a", "payload": {}}\n' * 2,
            "recorded messages, which are for `cityloom replay`",
        ),
        (b"2019-01-01T00:00:00Z,1\n2019-01-01T00:01:00Z,2\n", "no header"),
        (b"\x1f\x8b\x08 cut", "no whole gzip file|neither text"),
    ],
)
def test_what_is_none_of_them_is_said_with_what_it_looks_like(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "data.csv"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        open_table(file)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2019-01-01 00:05:00;1,5", "line 3 has 2 cells, the header 3"),
        ("yesterday;1;2", "line 3: 'yesterday' is no time"),
        ("2019-01-01 00:05:00;1;full", "line 3, column p235: 'full' is no number"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    table = _written(tmp_path, f"Timestamp;p227;p235\n2019-01-01 00:00:00;1;2\n{line}\n")
    with pytest.raises(ValueError, match=said):
        list(table.rows())


def test_a_column_of_times_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("a,taken\n1,2019-01-01T00:00:00Z\n")
    assert list(open_table(file, "taken").rows()) == [(NEW_YEAR_2019, (1.0,))]
    with pytest.raises(ValueError, match="has no column 'when'; it has a, taken"):
        open_table(file, "when")
