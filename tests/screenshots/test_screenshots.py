"""The README's pictures: small, of what there is, each of them shown; and the command, as far as no demo runs."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from device_sims.city.devices import load_city
from device_sims.scenarios.scenario import load_scenario, scenario_times
from tests.screenshots.__main__ import main
from tests.screenshots.png import shrunk
from tests.screenshots.scenes import MOST_BYTES, PICTURES, ROOT, SCENARIO, SCENES, SIZE
from tests.screenshots.studio import TAKEN_AT


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_a_picture_gets_smaller_and_stays_what_it_was(rng: np.random.Generator) -> None:
    pixels = np.full((300, 400, 3), (12, 34, 56), np.uint8)
    pixels[100:200] = rng.integers(0, 255, (100, 400, 3))
    png = _png(Image.fromarray(pixels))
    small = shrunk(png)

    assert len(small) < len(png) / 2
    assert small == shrunk(png)
    with Image.open(io.BytesIO(small)) as found:
        assert found.size == (400, 300)
        assert len(found.getcolors() or ()) <= 256
        plain = np.asarray(found.convert("RGB"))[0, 0]
    np.testing.assert_allclose(plain, (12, 34, 56), atol=3)


def test_every_picture_is_one_of_the_scenes_and_of_its_size() -> None:
    assert sorted(path.stem for path in PICTURES.glob("*.png")) == sorted(scene.name for scene in SCENES)
    for path in PICTURES.glob("*.png"):
        assert path.stat().st_size <= MOST_BYTES, path
        with Image.open(path) as found:
            assert found.size == SIZE, path


def test_the_readme_shows_pictures_that_there_are_and_says_what_is_seen() -> None:
    shown = re.findall(r"!\[([^\]]*)\]\((docs/pictures/[^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert 3 <= len(shown) <= 6
    for words, path in shown:
        assert len(words) > 20
        assert (ROOT / path).is_file()


def test_the_evening_is_a_scenario_whose_troubles_are_told_when_pictures_are_taken() -> None:
    begin, end = scenario_times(str(SCENARIO), 1_772_424_000_000_000_000, 1)
    scenario = load_scenario(str(SCENARIO), load_city(), begin)
    hours, minutes = map(int, TAKEN_AT.split(":"))
    taken = begin + ((hours - 17) * 60 + minutes - 30) * 60_000_000_000
    assert taken < end
    standing = [trouble for trouble in scenario.troubles if trouble.start < taken < trouble.end]
    assert len(standing) >= 6


def test_without_a_browser_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main([]) == 2
    said = capsys.readouterr().err
    assert "no chromium and no chromedriver" in said
    assert "apt-get install chromium chromium-driver" in said


def test_an_unknown_picture_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--only", "moon"])
    assert left.value.code == 2
    assert "city-dark" in capsys.readouterr().err
