"""`cityloom bench engine`: what it costs to judge a reading, and what the engine holds of a series."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.bench.engine_rig import measure_engine
from gateway.cli.bench import show_figures
from gateway.cli.door import Config, Json
from gateway.cli.output import print_json
from gateway.config.load import load_settings
from gateway.config.seed_files import load_seed_files
from gateway.errors import CommandError

__all__ = ["engine"]

_ORIGIN = 1_772_409_600_000_000_000
"""2026-03-02T00:00:00Z, 8 in the morning of a Monday in Guangzhou."""


def engine(*, config: Config = None, series: int = 100_000, readings: int = 1_000_000, json: Json = False) -> int:
    """Measure the engine alone: decoding, windows, quality checks, conditions, alarms; its CPU and its state.

    The simulated city's devices, copied until there are so many series, each copy with zones and assets of its own.
    Profiles and conditions are those of the configuration (built in without one).

    Parameters
    ----------
    config
        Whose profiles and conditions; the devices are the built-in ones.
    series
        At least so many.
    readings
        To measure with, after twenty minutes of city time that are not measured.
    json
        One JSON object as the last line.
    """
    if min(series, readings) < 1:
        raise CommandError("Series and readings must be above 0.", "See `--help`.", 2)
    settings = load_settings(config)
    content = load_seed_files(settings).content(settings)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as bars:  # fmt: skip
        task = bars.add_task("twenty minutes to warm up", total=None)

        def shown(done: int, total: int) -> None:
            if done:
                bars.update(task, description="readings", completed=done, total=total)

        outcome = measure_engine(content, series, readings, _ORIGIN, shown)
    result: dict[str, Any] = asdict(outcome)
    if json:
        print_json(result)
    else:
        show_figures(result)
    return 0
