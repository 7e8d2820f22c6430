"""Reading a configuration again: all or nothing, and never half a file."""

from pathlib import Path

import pytest

from gateway.config.reading import Source, read_again
from gateway.errors import ConfigErrors
from tests.support.reloadable import Files


def test_what_is_complete_is_read_after_one_look(tmp_path: Path) -> None:
    files, waits = Files(tmp_path, 1), list[float]()
    loaded = read_again(Source(files.config, {}), waits.append)
    assert [profile.name for profile in loaded.files.profiles] == ["tank"]
    assert len(waits) == 1


def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    """Half of devices.csv is valid, and means fewer devices."""
    files = Files(tmp_path, 1)
    lines = [f"t-{k},tank,t-{k},tianhe,113.31,23.13,,," for k in range(8)]
    files.devices(*lines[:2])
    left = [lines[:4], lines[:6], lines]

    def meanwhile(_: float) -> None:
        if left:
            files.devices(*left.pop(0))

    loaded = read_again(Source(files.config, {}), meanwhile)
    assert len(loaded.files.devices) == 8


def test_a_profile_that_comes_while_the_others_are_read_is_not_missed(tmp_path: Path) -> None:
    files, left = Files(tmp_path, 1), [True]

    def meanwhile(_: float) -> None:
        if left:
            left.clear()
            files.profile("well")

    loaded = read_again(Source(files.config, {}), meanwhile)
    assert [profile.name for profile in loaded.files.profiles] == ["tank", "well"]


def test_a_half_written_file_that_is_completed_in_time_is_no_error(tmp_path: Path) -> None:
    files, left = Files(tmp_path, 1), [True]
    whole = files.config.read_text(encoding="utf-8")
    files.config.write_text(whole[: len(whole) // 3] + "\n[bro", encoding="utf-8")

    def meanwhile(_: float) -> None:
        if left:
            left.clear()
            files.config.write_text(whole, encoding="utf-8")

    assert read_again(Source(files.config, {}), meanwhile).settings.mqtt.port == 1


def test_one_that_never_ends_changing_is_refused_by_its_name(tmp_path: Path) -> None:
    files, turns = Files(tmp_path, 1), list[int]()

    def meanwhile(_: float) -> None:
        turns.append(1)
        files.devices(*(f"t-{k},tank,t-{k},tianhe,113.31,23.13,,," for k in range(len(turns))))

    with pytest.raises(ConfigErrors, match=r"devices\.csv: is being written all the time"):
        read_again(Source(files.config, {}), meanwhile)


def test_everything_that_is_wrong_is_said(tmp_path: Path) -> None:
    files = Files(tmp_path, 1)
    files.profile("tank", unit="furlong")
    files.devices("t-1,tank,t-1,nowhere,113.31,23.13,,,")
    with pytest.raises(ConfigErrors) as caught:
        read_again(Source(files.config, {}), lambda _: None)
    names = {Path(problem.file).name for problem in caught.value.problems}
    assert names == {"tank.toml", "devices.csv"}
