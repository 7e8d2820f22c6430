"""NAB's files: read as they are, and a sentence where they are not so."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from gateway.errors import CommandError
from gateway.score.nab_files import read_nab

TABLE = "timestamp,value\n1970-01-01 00:00:00,564\n1970-01-01 00:10:00,\n1970-01-02 00:00:00.500000,-1.5\n"
WINDOWS = {"real/a.csv": [["1970-01-01 00:10:00.000000", "1970-01-02 00:00:00.500000"]]}
MINUTE = 60 * 10**9


def _folder(tmp_path: Path, tables: dict[str, str], labels: object = WINDOWS, place: str = "labels") -> Path:
    for name, text in tables.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / place).mkdir(exist_ok=True)
    (tmp_path / place / "combined_windows.json").write_text(labels if isinstance(labels, str) else json.dumps(labels))
    return tmp_path


def test_times_are_taken_as_they_stand_and_an_empty_value_is_missing(tmp_path: Path) -> None:
    (file,) = read_nab(_folder(tmp_path, {"real/a.csv": TABLE}))

    assert file.name == "real/a.csv"
    assert file.ts.tolist() == [0, 10 * MINUTE, 1440 * MINUTE + 500_000_000]
    assert file.value[[0, 2]].tolist() == [564.0, -1.5]
    assert math.isnan(file.value[1])
    assert file.windows == ((10 * MINUTE, 1440 * MINUTE + 500_000_000),)


@pytest.mark.parametrize("place", [".", "labels", "far/below"])
def test_labels_are_found_wherever_they_lie(place: str, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    assert read_nab(_folder(tmp_path, {"real/a.csv": TABLE}, place=place))[0].windows


def test_the_folder_may_have_more_levels_than_the_labels(tmp_path: Path) -> None:
    files = read_nab(_folder(tmp_path, {"data/real/a.csv": TABLE, "data/real/b.csv": TABLE}))
    assert [(file.name, len(file.windows)) for file in files] == [("data/real/a.csv", 1), ("data/real/b.csv", 0)]


def test_infinity_is_no_value(tmp_path: Path) -> None:
    (file,) = read_nab(_folder(tmp_path, {"real/a.csv": "timestamp,value\n1970-01-01 00:00:00,inf\n"}))
    assert np.isnan(file.value).all()


@pytest.mark.parametrize(
    ("tables", "labels", "said"),
    [
        ({}, WINDOWS, "no CSV"),
        ({"real/b.csv": TABLE}, WINDOWS, "names none"),
        ({"real/a.csv": TABLE}, "{", "no labelled windows"),
        ({"real/a.csv": TABLE}, [], "no labelled windows"),
        ({"real/a.csv": TABLE}, {"real/a.csv": [["today", "tomorrow"]]}, "no labelled windows"),
        ({"real/a.csv": TABLE}, {"real/a.csv": [["1970-01-01"]]}, "no labelled windows"),
        ({"real/a.csv": "when,what\n"}, WINDOWS, "its columns are"),
        ({"real/a.csv": ""}, WINDOWS, "its columns are"),
        ({"real/a.csv": TABLE + "soon,3\n"}, WINDOWS, "line 5"),
        ({"real/a.csv": TABLE + "1970-01-03 00:00:00,many\n"}, WINDOWS, "line 5"),
        ({"real/a.csv": TABLE + "1970-01-03 00:00:00\n"}, WINDOWS, "line 5"),
        ({"real/a.csv": TABLE + "9000-01-03 00:00:00,1\n"}, WINDOWS, "too far"),
    ],
)
def test_what_is_no_benchmark_is_a_sentence_and_a_remedy(
    tables: dict[str, str], labels: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        read_nab(_folder(tmp_path, tables, labels))
    assert caught.value.exit_code == 2
    assert caught.value.remedy


def test_a_folder_that_is_not_there_and_one_without_labels_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no folder"):
        read_nab(tmp_path / "gone")
    (tmp_path / "a.csv").write_text(TABLE)
    with pytest.raises(CommandError, match="no labels"):
        read_nab(tmp_path)
