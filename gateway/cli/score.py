"""`cityloom score`: how good the detectors are, on data with known truth."""

from pathlib import Path
from typing import Any

from rich.table import Table

from gateway.cli.door import Json
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.score.nab import PROFILES
from gateway.score.nab_files import read_nab
from gateway.score.nab_trial import mean_scores, try_nab

__all__ = ["nab"]

_LABELS = {"standard": "standard", "low_fp": "low FP", "low_fn": "low FN"}


def nab(folder: Path, /, *, at_least: float | None = None, json: Json = False) -> int:
    """Score the general detector on files of the Numenta Anomaly Benchmark, or others laid out like them.

    Parameters
    ----------
    folder
        CSVs of timestamp,value, at any depth, and labels in combined_windows.json. A file that the labels don't name
        shows its false positives only.
    at_least
        Exit code 1 where the mean of the standard scores is below this, or there is none.
    """
    trials = try_nab(read_nab(folder))
    mean = mean_scores(trials)
    files: list[dict[str, Any]] = [
        {
            "file": trial.name, "rows": trial.rows, "windows": trial.judgement.windows, "hit": trial.judgement.hit,
            "missed": trial.judgement.missed, "false_positives": trial.judgement.false, **trial.judgement.scores,
        }
        for trial in trials
    ]  # fmt: skip
    if json:
        print_json({"files": files, "mean": mean})
    else:
        _show(files, mean)
    reached = mean["standard"]
    return 0 if at_least is None or (reached is not None and reached >= at_least) else 1


def _show(files: list[dict[str, Any]], mean: dict[str, float | None]) -> None:
    table = Table(box=None, header_style="dim", show_footer=True, footer_style="bold")
    counts = ("windows", "hit", "missed", "false_positives")
    table.add_column("file", footer="mean; sums")
    for name in counts:
        table.add_column(name.replace("_", " "), justify="right", footer=str(sum(one[name] for one in files)))
    for name in PROFILES:
        table.add_column(_LABELS[name], justify="right", footer=_score(mean[name]))
    for one in files:
        table.add_row(
            clean(one["file"]), *(str(one[name]) for name in counts), *(_score(one[name]) for name in PROFILES)
        )
    console().print(table)


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.1f}"
