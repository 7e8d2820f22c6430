"""City, devices and profiles of the operator's own, or the built-in ones."""

from pathlib import Path

import pytest

import seeds
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import ConfigErrors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    for name, text in seeds.profile_texts().items():
        (tmp_path / "profiles" / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "city.toml").write_text(seeds.city_text(), encoding="utf-8")
    (tmp_path / "devices.csv").write_text(seeds.devices_text(), encoding="utf-8")
    return tmp_path


def _own(folder: Path) -> dict[str, object]:
    return {
        "city_file": folder / "city.toml",
        "devices_file": folder / "devices.csv",
        "profiles_dir": folder / "profiles",
    }


def test_files_of_ones_own_give_what_the_built_in_ones_do(folder: Path) -> None:
    built_in, own = load_settings(None), load_settings(None, _own(folder))

    assert load_seed_files(own).content(own).digest == load_seed_files(built_in).content(built_in).digest


def test_problems_of_all_files_are_said_together(folder: Path) -> None:
    (folder / "city.toml").write_text("schema = 3")
    (folder / "profiles" / "tts-v3.toml").write_text("name = ")
    loop = folder / "profiles" / "loop-detector.toml"
    loop.write_text(loop.read_text(encoding="utf-8").replace('"km/h"', '"kmh"'), encoding="utf-8")

    with pytest.raises(ConfigErrors) as caught:
        load_seed_files(load_settings(None, _own(folder)))

    files = {Path(problem.file).name for problem in caught.value.problems}
    assert files == {"city.toml", "tts-v3.toml", "loop-detector.toml"}


def test_profiles_that_claim_the_same_topics_are_an_error(folder: Path) -> None:
    loop = (folder / "profiles" / "loop-detector.toml").read_text(encoding="utf-8")
    (folder / "profiles" / "twin.toml").write_text(loop.replace('"loop-detector"', '"twin"'), encoding="utf-8")

    with pytest.raises(ConfigErrors) as caught:
        load_seed_files(load_settings(None, _own(folder)))

    assert [problem.key for problem in caught.value.problems] == ["topic"]


def test_built_in_devices_under_profiles_of_ones_own_say_what_to_do(folder: Path) -> None:
    (folder / "profiles" / "tts-v3.toml").unlink()

    with pytest.raises(ConfigErrors, match="devices_file"):
        load_seed_files(load_settings(None, {"profiles_dir": folder / "profiles"}))


@pytest.mark.parametrize("key", ["city_file", "devices_file", "profiles_dir"])
def test_what_is_not_there_is_an_error_with_its_key(folder: Path, key: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        load_seed_files(load_settings(None, _own(folder) | {key: folder / "gone"}))

    assert [problem.key for problem in caught.value.problems] == [key]


def test_a_folder_without_profiles_is_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigErrors, match=r"holds no \.toml file"):
        load_seed_files(load_settings(None, {"profiles_dir": tmp_path / "empty"}))


def test_a_file_that_is_no_text_is_an_error(folder: Path) -> None:
    (folder / "devices.csv").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigErrors, match="is not UTF-8"):
        load_seed_files(load_settings(None, _own(folder)))
