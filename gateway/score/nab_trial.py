"""Run the general detector over NAB files as if they came in now, side by side, and judge what it raised."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gateway.score.nab import PROFILES, Judgement, judge
from gateway.score.nab_files import NabFile
from processors.detectors.general import GeneralDetector, GeneralSettings

__all__ = ["Trial", "detections", "mean_scores", "try_nab"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One file, and how the detector did on it."""

    name: str
    rows: int
    judgement: Judgement


def detections(files: Sequence[NabFile], settings: GeneralSettings | None = None) -> list[NDArray[np.bool_]]:
    """Where the detector raises something, (n,) a file. It is told a file's rows only, one after the other."""
    detector = GeneralDetector(settings)
    detector.grow(len(files))
    rows = [len(file.ts) for file in files]
    series = np.repeat(np.arange(len(files), dtype=np.int32), rows)
    _, raised = detector.step(
        series, np.concatenate([file.ts for file in files]), np.concatenate([file.value for file in files])
    )
    return np.split(raised, np.cumsum(rows)[:-1])


def try_nab(files: Sequence[NabFile], settings: GeneralSettings | None = None) -> list[Trial]:
    """Judge the detector on each file, with one configuration for all of them."""
    return [
        Trial(file.name, len(file.ts), judge(file.ts, file.windows, raised))
        for file, raised in zip(files, detections(files, settings), strict=True)
    ]


def mean_scores(trials: Sequence[Trial]) -> dict[str, float | None]:
    """Mean score of the files that have one, a profile; None where no file has."""
    scored = [trial.judgement.scores for trial in trials if trial.judgement.windows]
    return {
        name: fmean(score for scores in scored if (score := scores[name]) is not None) if scored else None
        for name in PROFILES
    }
