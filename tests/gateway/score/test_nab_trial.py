"""The general detector on series with known truth: public ones, and simulated ones of other kinds."""

from statistics import fmean

import numpy as np
import pytest

from gateway.score.nab_files import NabFile, read_nab
from gateway.score.nab_trial import detections, mean_scores, try_nab
from tests.support.nab_series import KINDS, simulate
from tests.support.public_data import public_data


def _public() -> list[NabFile]:
    return read_nab(public_data("nab/labels/combined_windows.json").parents[1])


def _simulated(kind: str, seeds: int) -> list[NabFile]:
    made = [simulate(kind, np.random.default_rng(seed)) for seed in range(seeds)]
    return [NabFile(f"{kind} {k}", one.ts, one.value, one.windows) for k, one in enumerate(made)]


def test_the_public_traffic_files_score_ninety_and_none_below_sixty() -> None:
    trials = try_nab(_public())

    scores = [trial.judgement.scores["standard"] for trial in trials]
    assert len(scores) == 4
    assert fmean(score for score in scores if score is not None) >= 90
    assert min(score for score in scores if score is not None) >= 60
    assert mean_scores(trials)["standard"] == pytest.approx(fmean(score for score in scores if score is not None))


@pytest.mark.slow
def test_simulated_series_of_other_kinds_are_judged_well_in_the_mean() -> None:
    trials = try_nab([file for kind in KINDS for file in _simulated(kind, 3)])

    standard = mean_scores(trials)["standard"]
    assert standard is not None
    assert standard >= 75
    assert fmean(trial.judgement.false for trial in trials) < 1.5
    assert sum(trial.judgement.hit for trial in trials) >= 0.8 * sum(trial.judgement.windows for trial in trials)


def test_what_comes_later_changes_nothing_that_was_raised() -> None:
    (file,) = _simulated("congestion, irregular", 1)
    (whole,) = detections([file])
    assert whole.any()

    for end in (300, 1100, 2000):
        prefix = NabFile(file.name, file.ts[:end], file.value[:end], ())
        other = NabFile(file.name, file.ts, np.where(np.arange(len(file.ts)) < end, file.value, 1e6), ())
        assert detections([prefix])[0].tolist() == whole[:end].tolist()
        assert detections([other])[0][:end].tolist() == whole[:end].tolist()


def test_files_side_by_side_do_not_know_of_each_other() -> None:
    files = [_simulated(kind, 1)[0] for kind in ("spikes, 15 min", "bursts, 1 h")]

    together = detections(files)

    assert [one.tolist() for one in together] == [detections([file])[0].tolist() for file in files]


def test_without_a_labelled_file_there_is_no_mean() -> None:
    empty = NabFile("a.csv", np.empty(0, np.int64), np.empty(0), ())
    assert mean_scores(try_nab([empty]))["standard"] is None
