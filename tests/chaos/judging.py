"""What a stopped gateway left, against the truth of its city and against an undisturbed run: pure but for the reading.

cityloom score truth --> readings, windows, ledger          cityloom ledger --verify --> what the databases hold
alarm_history --less the time that a fault took--> the script's troubles     --by event time--> the undisturbed run
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.score.troubles import Raised
from gateway.score.truth_run import TruthRun, open_run
from gateway.score.truth_score import score_alarms
from tests.chaos.city import alarms_in
from tests.support.command import asked

__all__ = ["Span", "Verdict", "excused", "judge", "settled"]

_SILENT = "device.silent"
_MOST_FALSE = 10_000
"""`score truth` knows nothing of the fault: alarms are judged here."""
_ELSEWHERE = {"troubles", "false_alarms"}
Span = tuple[int, int]
"""City time, UTC ns: from a fault's beginning until things were normal again."""


@dataclass(slots=True)
class Verdict:
    """Of one trial. `wrong` has a sentence for everything that is not as it ought to be; empty: it held."""

    messages: int = 0
    lost: int = 0
    twice: int = 0
    balanced: bool = True
    alarms_right: int = 0
    alarms_wrong: int = 0
    wrong: list[str] = field(default_factory=list)


def judge(
    config: Path, truth: Path, stores: Sequence[str], end: int, spans: Sequence[Span],
    undisturbed: Sequence[Raised] | None,
) -> Verdict:  # fmt: skip
    """Read and compare.

    Args:
        config: of the gateway, which is stopped.
        truth: what the devices wrote.
        stores: those that must hold everything.
        end: of the city, UTC ns.
        spans: while these lasted nobody could be told anything: they don't count as delay.
        undisturbed: the alarms that must be there by event time, and no others; None: the script's rules only.
    """
    verdict = Verdict()
    for store in stores:
        done = asked(
            "score", "truth", truth, "-c", config, "--store", store, "--at-most", f"{_MOST_FALSE}", "--picture", "none",
            "--json",
        )  # fmt: skip
        assert done.code in (0, 1), f"{done.out[-1000:]}{done.err[-2000:]}"
        _readings(store, done.json, verdict)
    books = asked("ledger", "--verify", "-c", config, "--json")
    assert books.code in (0, 1), books.err[-2000:]
    _books(books.json, verdict)
    _alarms(open_run(truth), alarms_in(config, None), end, spans, undisturbed, verdict)
    return verdict


def _readings(store: str, score: dict[str, Any], verdict: Verdict) -> None:
    counts = score["readings"]
    assert counts["expected"] > 1000, f"hardly anything was sent: {score['notes']}"
    assert sum(score["windows"]["compared"].values()) > 100, "no windows to compare"
    verdict.lost += counts["lost"]
    verdict.twice += counts["duplicated"] + counts["unexpected"]
    named = counts["named"] | {"windows": score["windows"]["named"]}
    for kind, number in score["wrong"].items():
        if kind not in _ELSEWHERE:
            verdict.wrong.append(f"{store}: {number} {kind}, such as {named.get(kind, _ledger(score))[:2]}")
    verdict.wrong += [f"{store}: {note}" for note in score["notes"]]


def _ledger(score: dict[str, Any]) -> list[Any]:
    return [figure for figure in score["ledger"] if not figure["right"]]


def _books(books: dict[str, Any], verdict: Verdict) -> None:
    verdict.messages = books["messages"]["received"] - books["messages"]["redelivered"]
    verdict.balanced = books["balanced"] and books["verify"]["agrees"]
    if not books["balanced"]:
        verdict.wrong.append(f"the ledger does not balance: {books['off']}")
    if not books["verify"]["agrees"]:
        verdict.wrong.append(f"the ledger and the databases differ: {books['verify']['stores']}")


def _alarms(
    run: TruthRun, raised: Sequence[Raised], end: int, spans: Sequence[Span],
    undisturbed: Sequence[Raised] | None, verdict: Verdict,
) -> None:  # fmt: skip
    begin = int(run.story["origin"])
    told = [excused(alarm, spans) for alarm in _within(raised, begin, end)]
    score, _ = score_alarms(run, told, until=end)
    wrong = [f"{each.expected.expect} at {each.expected.at}: {_what(each.alarms)}" for each in score.wrong]
    verdict.alarms_right, verdict.alarms_wrong = len(score.verdicts) - len(score.wrong), len(score.wrong)
    if undisturbed is None:
        wrong += [f"nothing explains {alarm}" for alarm in score.unexplained]
        verdict.alarms_wrong += len(score.unexplained)
    else:
        there_told = _within(undisturbed, begin, end)
        here, there = settled(told, there_told, end), settled(there_told, there_told, end)
        for names, sign in ((there - here, "is missing"), (here - there, "is in no undisturbed run")):
            wrong += [f"{name} {sign}" for name in sorted(names, key=str)]
            verdict.alarms_wrong += len(names)
        verdict.alarms_right += len(here & there)
    verdict.wrong += [f"alarm: {sentence}" for sentence in wrong]


def _within(alarms: Iterable[Raised], begin: int, end: int) -> list[Raised]:
    """Those of the run: when it is over and the gateway goes on, whoever says nothing is silent."""
    return [alarm for alarm in alarms if begin <= alarm.at <= end]


def settled(alarms: Iterable[Raised], undisturbed: Sequence[Raised], end: int) -> set[tuple[object, ...]]:
    """What of `alarms` is the same however messages came.

    Left out is what the end of a recording told first, for its windows close then and a live run's don't; and of silent
    devices when they fell silent, for that is judged by receipts.
    """
    raised = {_key(alarm) for alarm in undisturbed if alarm.told > end}
    cleared = {_key(alarm) for alarm in undisturbed if alarm.over is None or alarm.told_over > end}
    out: set[tuple[object, ...]] = set()
    for alarm in alarms:
        key = _key(alarm)
        if alarm.condition == _SILENT:
            out.add(key[:3])
        elif key not in raised:
            out.add((*key, None if key in cleared else alarm.over))
    return out


def _key(alarm: Raised) -> tuple[str, str, str, int]:
    return alarm.condition, alarm.asset, alarm.zone, alarm.at


def excused(alarm: Raised, spans: Sequence[Span]) -> Raised:
    """The alarm as if the spans had taken no time: what could not be told in them came that much earlier."""
    return replace(
        alarm, told=alarm.told - _overlap(alarm.at, alarm.told, spans),
        told_over=alarm.told_over - (_overlap(alarm.over, alarm.told_over, spans) if alarm.over is not None else 0),
    )  # fmt: skip


def _overlap(start: int, end: int, spans: Sequence[Span]) -> int:
    return sum(max(0, min(end, until) - max(start, since)) for since, until in spans)


def _what(alarms: Sequence[Raised]) -> str:
    return "never raised" if not alarms else f"late, again or not cleared: {list(alarms)}"
