"""`cityloom score truth`: what a gateway stored and raised, against what the simulators measured, sent and broke."""

import json as jsonlib
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.score_view import show_score
from gateway.cli.stored import read_stored
from gateway.config.seed_files import load_seed_files
from gateway.config.settings import Settings
from gateway.errors import CommandError
from gateway.score.troubles import Raised, alarms_of
from gateway.score.truth_book import Gate, TruthBook
from gateway.score.truth_ledger import score_ledger
from gateway.score.truth_plot import NoPlots, draw_score
from gateway.score.truth_readings import score_readings
from gateway.score.truth_run import TruthRun, open_run
from gateway.score.truth_score import RunScore, score_alarms
from gateway.score.truth_windows import score_windows

__all__ = ["truth"]

_MOST = 10_000


def truth(
    run: Path, /, *, config: Config = None, data_dir: DataDir = None, store: str = "",
    at_most: Annotated[int | None, Parameter(validator=Number(gte=0))] = None,
    ignore: tuple[str, ...] = (), picture: Literal["svg", "png", "none"] = "svg", json: Json = False,
) -> int:  # fmt: skip
    """Compare what a gateway stored, counted and raised with the truth of a simulated run.

    Names every reading that is lost, altered, duplicated or misplaced, every aggregate and figure of the ledger that is
    off, every alarm that was missed, late or false. Writes RUN/score.json and RUN/score.svg. The gateway's data folder
    must be that run's own; it may be running. Exit code 1 where anything is wrong.

    Parameters
    ----------
    run
        The folder that `cityloom sim run --truth FOLDER` wrote.
    store
        Which store; the first one where empty.
    at_most
        So many alarms without an explanation are let pass; none where the run has a scenario, else any number.
    ignore
        Conditions that are left out, for the recorded devices have troubles of their own.
    picture
        Draw truth against what was seen; needs matplotlib (the extra `plots`).
    """
    settings = settings_of(config, data_dir)
    found = open_run(run)
    gate = Gate(round(settings.engine.max_ahead_secs * 1e9), settings.late_horizon_ns)
    notes = _notes(found, gate)
    with TruthBook(found, gate) as book:
        _fill(book, settings, store)
        readings, windows = score_readings(book), score_windows(book)
        raised = [
            alarm for alarm in _of_the_run(_alarms(settings, found), book, settings) if alarm.condition not in ignore
        ]
        strangers = {name for (name,) in book.db.execute("FROM astray").fetchall()}
        alarms, disturbed = score_alarms(found, raised, strangers, book.number("SELECT max(due) FROM sent"))
        if alarms.unplayed:
            notes.append(f"The run ended before {len(alarms.unplayed)} of its troubles had to be raised: not judged.")
        if not readings.expected:
            notes.append("Of no reading it is certain that it must be stored: nothing could be found to be lost.")
        ledger = score_ledger(found.expected, ask(settings, "ledger"), gate, store)
        if at_most is None and found.scenario:
            at_most = 0
        score = RunScore(found, readings, windows, ledger, alarms, disturbed, at_most, notes)
        drawn = None if picture == "none" else _draw(book, score, raised, run / f"score.{picture}")
    out = score.as_dict()
    (run / "score.json").write_text(jsonlib.dumps(out, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if json:
        for note in notes:
            console(stderr=True).print(note)
        print_json(out)
    else:
        show_score(score, city_zone(settings), [run / "score.json", *([drawn] if drawn is not None else [])])
    return 1 if score.wrong else 0


def _notes(run: TruthRun, gate: Gate) -> list[str]:
    notes = []
    if not run.story["ended_cleanly"]:
        notes.append(
            "The run did not end cleanly: publications that the broker did not acknowledge may be there or not."
        )
    rules = run.rules
    if gate != Gate(round(rules["max_ahead_secs"] * 1e9), round(rules["late_horizon_secs"] * 1e9)):
        notes.append(
            "This gateway's clock gate or late horizon is not the one that the run was reckoned with: what hangs on it "
            "in the ledger is not compared; readings are, by this gateway's."
        )
    return notes


def _fill(book: TruthBook, settings: Settings, store: str) -> None:
    devices = [device for (device,) in book.db.execute("SELECT device FROM devices").fetchall()]
    with Progress(
        TextColumn("reading what is stored"), BarColumn(), MofNCompleteColumn(), console=console(stderr=True),
        transient=True, disable=not console(stderr=True).is_terminal,
    ) as bars:  # fmt: skip
        task = bars.add_task("read", total=None)
        read_stored(settings, store, devices, book, lambda done, of: bars.update(task, completed=done, total=of))


def _alarms(settings: Settings, run: TruthRun) -> list[Raised]:
    changes = ask(settings, "alarm_history", limit=_MOST)
    if len(changes) == _MOST:
        raise CommandError(f"There are more than {_MOST:,} changes of alarms.", "Compare a shorter run.")
    since = int(run.story["origin"])
    return [alarm for alarm in alarms_of(reversed(changes)) if alarm.at >= since]


def _of_the_run(alarms: list[Raised], book: TruthBook, settings: Settings) -> list[Raised]:
    """Without those of devices that are silent because the run is over, while the gateway went on."""
    conditions = load_seed_files(settings).content(settings).conditions
    silences = {each["name"] for each in conditions if each["kind"] == "silence"}
    ((last,),) = book.db.execute("SELECT max(due) FROM sent").fetchall()
    return [alarm for alarm in alarms if alarm.condition not in silences or last is None or alarm.at <= last]


def _draw(book: TruthBook, score: RunScore, alarms: list[Raised], path: Path) -> Path | None:
    try:
        draw_score(book, score, alarms, path)
    except NoPlots as missing:
        score.notes.append(str(missing))
        return None
    return path
