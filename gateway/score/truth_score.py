"""The whole score of a run: readings, windows, ledger, alarms; what is wrong, and all of it for JSON.

truth_book --> truth_readings, truth_windows        ledger --> truth_ledger        alarms --> troubles
                    \\___________________________________|______________________________/
                                                   RunScore
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from gateway.score.troubles import EVER, Raised, TroubleScore, score_troubles
from gateway.score.truth_ledger import Figure
from gateway.score.truth_readings import KINDS, Odd, ReadingScore
from gateway.score.truth_run import TruthRun
from gateway.score.truth_windows import WindowScore

__all__ = ["RunScore", "score_alarms"]

_NAMED = 1_000
"""Of a kind in the JSON; all are counted."""
_MEASURED = "measured"
"""In the rules: what is judged by the values of a device of that profile."""
_SILENT = "device.silent"
"""Of a device that was only met because a message went astray nothing else is known, and nothing more comes."""


@dataclass(slots=True)
class RunScore:
    """What became of a run."""

    run: TruthRun
    readings: ReadingScore
    windows: WindowScore
    ledger: list[Figure]
    alarms: TroubleScore
    disturbed: list[Raised]
    """Alarms that a fault of a device explains."""
    at_most: int | None
    """Alarms without an explanation that are let pass; None: any number."""
    notes: list[str]

    @property
    def false_alarms(self) -> list[Raised]:
        """Those that nothing explains."""
        return self.alarms.unexplained

    @property
    def wrong(self) -> dict[str, int]:
        """How many of what are not as they ought to be; empty: all is well."""
        found = {kind: self.readings.counts[kind] for kind in (*KINDS, "zone")}
        found["windows"] = self.windows.off
        found["ledger"] = sum(not figure.right for figure in self.ledger)
        found["troubles"] = len(self.alarms.wrong)
        spare = len(self.false_alarms) if self.at_most is None else self.at_most
        found["false_alarms"] = max(len(self.false_alarms) - spare, 0)
        return {name: count for name, count in found.items() if count}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        odd: dict[str, list[Odd]] = {}
        for each in self.readings.odd:
            odd.setdefault(each.kind, []).append(each)
        story = self.run.story
        return {
            "right": not self.wrong, "wrong": self.wrong, "notes": self.notes,
            "run": {name: story[name] for name in ("seed", "speed", "faults", "counts", "ended_cleanly")}
            | {"scenario": self.run.scenario},
            "readings": {
                "expected": self.readings.expected, "stored": self.readings.stored, "right": self.readings.right,
                "of_strangers": self.readings.strange, **self.readings.counts,
                "named": {kind: [asdict(each) for each in some[:_NAMED]] for kind, some in odd.items()},
            },
            "windows": {
                "compared": {f"{step}": count for step, count in self.windows.compared.items()},
                "left_out": self.windows.left_out, "pending": self.windows.pending, "off": self.windows.off,
                "named": [asdict(each) for each in self.windows.odd[:_NAMED]],
            },
            "ledger": [{**asdict(figure), "right": figure.right} for figure in self.ledger],
            "alarms": {
                "troubles": [
                    {
                        "kind": verdict.expected.kind, "condition": verdict.expected.expect,
                        "at": verdict.expected.at, "zone": verdict.expected.zone, "start": verdict.expected.start,
                        "hit": verdict.hit, "once": verdict.once, "cleared": verdict.cleared,
                        "missed": not verdict.alarms, "delay_secs": verdict.delay_secs,
                        "allowed_secs": verdict.expected.within / 1e9, "sentence": verdict.expected.sentence,
                    }
                    for verdict in self.alarms.verdicts
                ],
                "wrong": len(self.alarms.wrong), "unplayed": len(self.alarms.unplayed),
                "false": [_alarm(each) for each in self.false_alarms],
                "disturbed_by_faults": [_alarm(each) for each in self.disturbed],
            },
        }  # fmt: skip


def _alarm(alarm: Raised) -> dict[str, Any]:
    return {"condition": alarm.condition, "asset": alarm.asset, "zone": alarm.zone, "at": alarm.at}


def score_alarms(
    run: TruthRun, alarms: Sequence[Raised], strangers: Container[str] = (), until: int = EVER
) -> tuple[TroubleScore, list[Raised]]:
    """Alarms against the script; and those apart that a fault of the device, or of one on the asset, explains.

    strangers: devices that were only met because a message went astray.
    until: when the run ended, UTC ns: what had to be told later is not asked for.
    """
    score = score_troubles(run.troubles, alarms, until)
    devices = {row["device"]: row for row in run.table("devices").to_pylist()}
    causes = _causes(run, devices)
    disturbed = [
        alarm for alarm in score.unexplained
        if (alarm.condition == _SILENT and alarm.asset in strangers and alarm.asset not in devices)
        or any(cause.explains(alarm) for cause in causes.get(alarm.asset, ()))
    ]  # fmt: skip
    score.unexplained = [alarm for alarm in score.unexplained if alarm not in disturbed]
    return score, disturbed


class _Cause(NamedTuple):
    """What a fault may explain at a place; times are UTC ns by readings."""

    conditions: tuple[str, ...]
    """Beginnings of their names."""
    start: int
    end: int

    def explains(self, alarm: Raised) -> bool:
        return self.start <= alarm.at <= self.end and alarm.condition.startswith(self.conditions)


def _causes(run: TruthRun, devices: Mapping[str, Mapping[str, Any]]) -> dict[str, list[_Cause]]:
    """By device or asset, by the rules that the run was written with: what a fault can't cause it doesn't explain."""
    out: dict[str, list[_Cause]] = {}
    explains, domains = run.rules["explains"], run.rules["domains"]
    for row in run.table("faults").to_pylist():
        rule = explains.get(row["fault"])
        device = devices.get(row["device"])
        if rule is None or device is None:
            continue
        end = row["end"] + round(rule["after_secs"] * 1e9)
        named = tuple(name for name in rule["conditions"] if name != _MEASURED)
        values = tuple(domains.get(device["profile"], ())) if _MEASURED in rule["conditions"] else ()
        if named or values:
            out.setdefault(row["device"], []).append(_Cause(named + values, row["start"], end))
        if values and device["asset"]:
            out.setdefault(device["asset"], []).append(_Cause(values, row["start"], end))
    return out
