"""Hydraulics in pieces of time: the same as at once, water kept, leaks when they are meant to be."""

import math
from pathlib import Path

import numpy as np
import pytest

from device_sims.physics.hydraulics import Hydraulics, Leak, Piece

pytestmark = pytest.mark.physics
pytest.importorskip("wntr", reason='wntr is not installed: pip install "cityloom[sim-water]"')

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
MIDNIGHT = 1_772_380_800 * SECOND
STEP = 900
HOURS = 8


def _made(
    leaks: tuple[Leak, ...] = (), piece_steps: int = 12, origin: int = MIDNIGHT, network: str = "Net3"
) -> Hydraulics:
    return Hydraulics(
        network, origin=origin, midnight=MIDNIGHT, step_secs=STEP, leaks=leaks, piece_steps=piece_steps
    )  # fmt: skip


def _until(hydraulics: Hydraulics, end: int) -> Piece:
    pieces = []
    for piece in hydraulics.pieces([*hydraulics.inlets, *hydraulics.pumps], hydraulics.junctions[:20]):
        pieces.append(piece)
        if piece.ts[-1] >= end:
            break
    joined = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in Piece.__dataclass_fields__]
    keep = joined[0] <= end
    return Piece(*(column[keep] for column in joined))


def test_pieces_join_to_what_one_computation_gives() -> None:
    several = _until(_made(piece_steps=5), MIDNIGHT + HOURS * HOUR)
    once = _until(_made(piece_steps=1000), MIDNIGHT + HOURS * HOUR)

    assert several.ts.tolist() == list(range(MIDNIGHT, MIDNIGHT + HOURS * HOUR + 1, STEP * SECOND))
    np.testing.assert_array_equal(several.ts, once.ts)
    np.testing.assert_allclose(several.flow, once.flow, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(several.pressure, once.pressure, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(several.level, once.level, rtol=1e-6, atol=1e-4)


def test_an_origin_by_day_finds_the_network_as_the_morning_left_it() -> None:
    noon = MIDNIGHT + 6 * HOUR
    late = _until(_made(origin=noon + 7 * SECOND), MIDNIGHT + HOURS * HOUR)
    early = _until(_made(), MIDNIGHT + HOURS * HOUR)

    assert late.ts[0] == noon + STEP * SECOND
    np.testing.assert_allclose(late.level, early.level[-len(late.ts) :], rtol=1e-6, atol=1e-4)


def test_a_leak_flows_from_its_start_to_its_end_as_an_orifice_does() -> None:
    start, end = MIDNIGHT + 2 * HOUR, MIDNIGHT + 5 * HOUR
    made = _made((Leak("121", 0.05, start, end),), network="Net1")
    piece = _until(made, MIDNIGHT + HOURS * HOUR)
    flow = piece.leak[:, 0]

    running = (piece.ts >= start) & (piece.ts < end)
    assert (flow[running] > 0).all()
    # at its ends the step itself belongs to either side
    assert not flow[(piece.ts < start) | (piece.ts > end)].any()
    # water comes to the hole from junction 21, hardly any goes on to 31 or comes from there: it has that pressure
    ends = piece.pressure[:, [made.junctions.index(name) for name in ("21", "31")]][running]
    orifice = 0.75 * math.pi * 0.05**2 / 4 * np.sqrt(2 * 9.81 * ends) * 3600
    np.testing.assert_allclose(flow[running], orifice[:, 1], rtol=1e-3)
    assert (flow[running] < 0.95 * orifice[:, 0]).all()


def test_a_leak_at_a_junction_is_fed_by_inlets_and_tanks() -> None:
    start = MIDNIGHT + 4 * HOUR
    tight = _until(_made(network="Net1"), MIDNIGHT + HOURS * HOUR)
    leaky = _until(_made((Leak("22", 0.06, start),), network="Net1"), MIDNIGHT + HOURS * HOUR)

    area = math.pi * (50.5 * 0.3048) ** 2 / 4  # Net1's tank is 50.5 ft wide
    given = np.diff(leaky.flow[:, 0] - tight.flow[:, 0])
    assert given.any()
    steps = STEP / 3600
    drained = -np.diff(leaky.level[:, 0] - tight.level[:, 0]) * area
    extra = (leaky.flow[:-1, 0] - tight.flow[:-1, 0]) * steps
    leaked = leaky.leak[:-1, 0] * steps
    assert (drained + extra).sum() == pytest.approx(leaked.sum(), rel=0.02)


@pytest.mark.parametrize(
    ("leak", "said"),
    [(Leak("p999", 0.01, MIDNIGHT), "there is no pipe or junction 'p999'"),
     (Leak("121", 0.01, MIDNIGHT + HOUR, MIDNIGHT), "the leak of 121 ends before it starts")],
)  # fmt: skip
def test_a_leak_that_can_not_be_is_an_error(leak: Leak, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _made((leak,), network="Net1")


def test_what_is_no_network_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no file 'Net99', and wntr brings Net1"):
        _made(network="Net99")
    with pytest.raises(FileNotFoundError):
        _made(network=str(tmp_path / "gone.inp"))
    for text in ("", "not a network at all\n", "[JUNCTIONS]\n a b c d e f\n"):
        (tmp_path / "bad.inp").write_text(text)
        with pytest.raises(ValueError, match=r"bad.inp is no (whole )?EPANET network"):
            _made(network=str(tmp_path / "bad.inp"))
