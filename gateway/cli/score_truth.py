"""`cityloom score truth`: what a gateway raised, against the script of the simulated city."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rich.table import Table

from gateway.cli.door import Config, DataDir, Json, ask, city_zone, settings_of
from gateway.cli.output import console, print_json
from gateway.cli.text import clean
from gateway.errors import CommandError
from gateway.score.troubles import Expected, Raised, TroubleScore, Verdict, alarms_of, score_troubles

__all__ = ["truth"]

_MOST = 10_000


def truth(
    troubles: Path, /, *, config: Config = None, data_dir: DataDir = None, at_most: int | None = None,
    ignore: tuple[str, ...] = (), json: Json = False,
) -> int:  # fmt: skip
    """Compare a gateway's alarms with the troubles that the simulators were told to make.

    Exit code 1 where a trouble was missed, told late or twice, or did not clear, or where more than --at-most alarms
    have no explanation.

    Parameters
    ----------
    troubles
        What `python -m device_sims --troubles FILE` wrote.
    at_most
        Alarms that nothing explains.
    ignore
        Conditions that are left out, for the recorded devices have troubles of their own.
    """
    settings = settings_of(config, data_dir)
    expected = _read(troubles)
    since = min((each.start for each in expected), default=0)
    changes = ask(settings, "alarm_history", limit=_MOST)
    if len(changes) == _MOST:
        raise CommandError(f"There are more than {_MOST:,} changes of alarms.", "Compare a shorter run.")
    alarms = [alarm for alarm in alarms_of(reversed(changes)) if alarm.condition not in ignore]
    score = score_troubles(expected, [alarm for alarm in alarms if alarm.at >= since])
    if json:
        print_json(_as_dict(score))
    else:
        _show(score, city_zone(settings))
    return 1 if score.wrong or (at_most is not None and len(score.unexplained) > at_most) else 0


def _read(path: Path) -> list[Expected]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Expected])
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.", "Name a file that exists.", 2) from error
    except msgspec.DecodeError as error:
        raise CommandError(f"{path} is no list of troubles: {error}.", "Name what --troubles wrote.", 2) from error


def _as_dict(score: TroubleScore) -> dict[str, Any]:
    return {
        "troubles": [
            {
                "kind": verdict.expected.kind, "condition": verdict.expected.expect, "at": verdict.expected.at,
                "hit": verdict.hit, "once": verdict.once, "cleared": verdict.cleared, "delay_secs": verdict.delay_secs,
            }
            for verdict in score.verdicts
        ],
        "wrong": len(score.wrong),
        "unexplained": [
            {"condition": alarm.condition, "asset": alarm.asset, "zone": alarm.zone, "at": alarm.at}
            for alarm in score.unexplained
        ],
    }  # fmt: skip


def _show(score: TroubleScore, zone: ZoneInfo) -> None:
    table = Table(box=None, header_style="dim")
    for name in ("from", "trouble", "alarm", "at", "raised after", "verdict"):
        table.add_column(name, justify="right" if name == "raised after" else "left")
    for verdict in score.verdicts:
        expected = verdict.expected
        delay = verdict.delay_secs
        table.add_row(
            _local(expected.start, zone), clean(expected.kind), clean(expected.expect), clean(expected.at),
            "-" if delay is None else f"{delay:,.0f} s", _word(verdict),
        )  # fmt: skip
    console().print(table)
    right = len(score.verdicts) - len(score.wrong)
    console().print(f"{right} of {len(score.verdicts)} troubles raised once, in time, and cleared; ", end="")
    console().print(f"{len(score.unexplained)} alarms without an explanation")
    for alarm in score.unexplained:
        console().print(f"  {_sentence(alarm, zone)}")


def _word(verdict: Verdict) -> str:
    if not verdict.alarms:
        return "[red]missed[/]"
    wrong = [
        word
        for word, holds in (("late", verdict.hit), ("again", verdict.once), ("not cleared", verdict.cleared))
        if not holds
    ]
    return f"[yellow]{', '.join(wrong)}[/]" if wrong else "[green]right[/]"


def _sentence(alarm: Raised, zone: ZoneInfo) -> str:
    return f"{_local(alarm.at, zone)}  {clean(alarm.condition)} at {clean(alarm.asset)} in {clean(alarm.zone)}"


def _local(ns: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(ns / 1e9, zone):%m-%d %H:%M}"
