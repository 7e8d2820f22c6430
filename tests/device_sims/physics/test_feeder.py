"""The low-voltage feeder's power flow: phasors, sequences, loads on a phase."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from device_sims.physics.feeder import Feeder, Load, read_shapes, sequence_ratio
from device_sims.world.local_time import LocalTime

HOUR = 3_600_000_000_000
EVENING = 1_772_380_800_000_000_000 + 19 * HOUR
LOCAL = LocalTime("Asia/Shanghai")


def _phasors(*degrees: float) -> np.ndarray:
    turned: np.ndarray = np.exp(1j * np.deg2rad(np.array(degrees)))
    return turned


def test_balanced_phasors_have_no_negative_sequence_and_turned_ones_nothing_else() -> None:
    assert sequence_ratio(_phasors(0, -120, 120)) == pytest.approx(0.0, abs=1e-12)
    assert sequence_ratio(_phasors(0, 120, -120) + 1e-3 * _phasors(0, -120, 120)) == pytest.approx(1000.0)
    mixed = _phasors(10, -110, 130) + 0.02 * _phasors(40, 160, -80)
    assert sequence_ratio(np.stack([mixed, mixed])) == pytest.approx([0.02, 0.02])


def test_shapes_are_read_from_a_zip_or_a_folder_in_order_of_their_numbers(tmp_path: Path) -> None:
    texts = {n: "time,mult\n" + "".join(f"00:{k},{n}.5\n" for k in range(1440)) for n in (10, 2)}
    with zipfile.ZipFile(tmp_path / "shapes.zip", "w") as archive:
        for n, text in texts.items():
            archive.writestr(f"Load_Profiles/Load_profile_{n}.csv", text)
            (tmp_path / f"Load_profile_{n}.csv").write_text(text)

    for source in (tmp_path / "shapes.zip", tmp_path):
        shapes = read_shapes(source)
        assert shapes.shape == (2, 1440)
        assert shapes[:, 0].tolist() == [2.5, 10.5]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("a.zip", b"no zip", "neither a folder nor a ZIP"), ("Load_profile_1.csv", b"time,mult\n1,2\n", "has 1 minutes")],
)
def test_what_holds_no_shapes_is_an_error(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read_shapes(tmp_path / name if name.endswith("zip") else tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ValueError, match=r"holds no Load_profile_N.csv"):
        read_shapes(tmp_path)


@pytest.fixture(scope="module")
def feeder() -> Feeder:
    """With 10 kW on phase b of bus 899 for an hour."""
    pytest.importorskip("pandapower", reason='pandapower is not installed: pip install "cityloom[sim-grid]"')
    return Feeder(None, [Load(899, "b", 10.0, EVENING, EVENING + HOUR)], LOCAL, 1)


@pytest.mark.physics
def test_the_sequence_ratio_is_the_one_that_pandapower_gives(feeder: Feeder) -> None:
    flow = feeder.at(EVENING)
    expected = feeder._net.res_bus_3ph["unbalance_percent"].to_numpy() / 100.0
    np.testing.assert_allclose(sequence_ratio(flow.volts), expected, atol=2e-6)


@pytest.mark.physics
def test_what_is_drawn_comes_through_the_transformer(feeder: Feeder) -> None:
    flow = feeder.at(EVENING)
    drawn = np.bincount(feeder.phase, flow.drawn_kw, 3) + np.array([0.0, 10.0, 0.0])
    assert np.bincount(feeder.phase).tolist() == [21, 19, 15]  # as Loads.csv of the feeder has it
    losses = flow.kw - drawn
    assert flow.kw.sum() == pytest.approx(drawn.sum(), rel=0.05)
    assert losses.sum() > 0
    assert (flow.kvar > 0).all()


@pytest.mark.physics
def test_a_load_on_a_phase_pulls_that_phase_down_while_it_lasts(feeder: Feeder) -> None:
    during, after = (feeder.at(ts).volts[899] for ts in (EVENING + HOUR - 1, EVENING + HOUR))
    assert np.abs(during)[1] < np.abs(after)[1] - 5.0
    assert np.abs(during)[[0, 2]].min() > np.abs(after)[[0, 2]].min() - 2.0
    assert sequence_ratio(during) > sequence_ratio(after) + 0.005


@pytest.mark.physics
def test_shapes_are_followed_by_the_minute_of_the_local_day(feeder: Feeder) -> None:
    shapes = np.tile(np.arange(1440.0) / 1440.0, (55, 1))
    made = Feeder(shapes, [], LOCAL, 1)
    assert made.at(EVENING + 90_000_000_000).drawn_kw.tolist() == [1141.0 / 1440.0] * 55


@pytest.mark.physics
def test_what_can_not_be_is_an_error(feeder: Feeder) -> None:
    with pytest.raises(ValueError, match="no phase 'a' at bus 2000: buses are 1 to 906"):
        Feeder(None, [Load(2000, "a", 1.0)], LOCAL, 1)
    with pytest.raises(ValueError, match="there are 2 shapes for 55 homes"):
        Feeder(np.ones((2, 1440)), [], LOCAL, 1)
    with pytest.raises(ValueError, match="the feeder has no solution"):
        Feeder(None, [Load(899, "a", 1_000.0)], LOCAL, 1).at(EVENING)
