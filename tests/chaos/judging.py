"""What a stopped gateway left, against the truth of its city and against an undisturbed run: pure but for the reading.

cityloom score truth --> readings, windows, ledger          cityloom ledger --verify --> what the databases hold
alarm_history --less the time that a fault took--> the script's troubles     --by event time--> the undisturbed run
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.score.troubles import Raised
from gateway.score.truth_run import open_run
from gateway.score.truth_score import score_alarms
from tests.chaos.city import alarms_in
from tests.support.command import asked

__all__ = ["STRANGER", "Left", "Span", "Verdict", "excused", "judge", "judge_alarms", "settled"]

_SILENT = "device.silent"
_MOST_FALSE = 10_000
"""`score truth` knows nothing of the fault: alarms are judged here."""
_NAMED = 12
_OF_COPIES = ("readings stored or repeated", "readings accepted", "readings refused by the clock gate")
_MOST_READINGS = 100
"""Of one message."""
_OF_OTHERS = {"ledger", "unexpected"}
"""What the truth can't know where others send too; `ledger --verify` finds what of theirs is there twice."""
_CLOSING = 180 * 1_000_000_000
"""City time at the end of a run whose windows and delays may not end in it."""
_ELSEWHERE = {"troubles", "false_alarms"}
STRANGER = "zz-"
"""How the names begin of devices that are not the city's and send all the same; behind all others in any order."""
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


@dataclass(frozen=True, slots=True)
class Left:
    """What a trial left."""

    config: Path
    """Of the gateway, which is stopped."""
    truth: Path
    """What the devices wrote."""
    stores: tuple[str, ...]
    """Those that must hold everything."""
    end: int
    """Of the city, UTC ns."""


def judge(left: Left, verdict: Verdict, *, alone: bool = True, strangers: bool = False, copies: int = 0) -> None:
    """Readings, windows and the books. `alone`: nobody but the truth's devices sent anything that the truth can't know;
    `strangers`: others did, whose names tell them: what is theirs is left out; `copies`: so many messages came once
    more than the truth knows."""
    for store in left.stores:
        done = asked(
            "score", "truth", left.truth, "-c", left.config, "--store", store, "--at-most", f"{_MOST_FALSE}",
            "--picture", "none", "--json",
        )  # fmt: skip
        assert done.code in (0, 1), f"{done.out[-1000:]}{done.err[-2000:]}"
        score = _without_strangers(done.json) if strangers else done.json
        score = _with_copies(score, copies) if copies else score
        _readings(store, score, verdict, _ELSEWHERE if alone else _ELSEWHERE | _OF_OTHERS)
    books = asked("ledger", "--verify", "-c", left.config, "--json")
    assert books.code in (0, 1), books.err[-2000:]
    _books(books.json, verdict)


def _readings(store: str, score: dict[str, Any], verdict: Verdict, elsewhere: set[str]) -> None:
    counts = score["readings"]
    assert counts["expected"] > 1000, f"hardly anything was sent: {score['notes']}"
    assert sum(score["windows"]["compared"].values()) > 100, "no windows to compare"
    verdict.lost += counts["lost"]
    verdict.twice += counts["duplicated"] + (counts["unexpected"] if "unexpected" not in elsewhere else 0)
    named = counts["named"] | {"windows": score["windows"]["named"]}
    for kind, number in score["wrong"].items():
        if kind not in elsewhere:
            verdict.wrong.append(f"{store}: {number} {kind}, such as {named.get(kind, _ledger(score))[:2]}")
    verdict.wrong += [f"{store}: {note}" for note in score["notes"]]


def _without_strangers(score: dict[str, Any]) -> dict[str, Any]:
    """The score of the city's own devices; the books have all of them."""
    wrong = {kind: number for kind, number in score["wrong"].items() if kind != "ledger"}
    named = score["readings"]["named"].get("unexpected", [])
    # they are named by device, and a stranger's is behind all others
    if all(each["device"].startswith(STRANGER) for each in named):
        wrong.pop("unexpected", None)
        score["readings"]["unexpected"] = 0
    return score | {"wrong": wrong}


def _with_copies(score: dict[str, Any], copies: int) -> dict[str, Any]:
    """The score of books that have so many messages more: each counts, and its readings are repeated, or late."""
    for figure in score["ledger"]:
        if figure["name"] in ("messages received once", "messages decoded"):
            figure["right"] = figure["least"] <= figure["found"] - copies <= figure["most"]
        elif figure["name"] in _OF_COPIES:
            figure["right"] = figure["least"] <= figure["found"] <= figure["most"] + copies * _MOST_READINGS
    wrong = {kind: number for kind, number in score["wrong"].items() if kind != "ledger"}
    left = len(_ledger(score))
    return score | {"wrong": wrong | ({"ledger": left} if left else {})}


def _ledger(score: dict[str, Any]) -> list[Any]:
    return [figure for figure in score["ledger"] if not figure["right"]]


def _books(books: dict[str, Any], verdict: Verdict) -> None:
    verdict.messages = books["messages"]["received"] - books["messages"]["redelivered"]
    verdict.balanced = books["balanced"] and books["verify"]["agrees"]
    if not books["balanced"]:
        verdict.wrong.append(f"the ledger does not balance: {books['off']}")
    if not books["verify"]["agrees"]:
        verdict.wrong.append(f"the ledger and the databases differ: {books['verify']['stores']}")


def judge_alarms(
    left: Left, verdict: Verdict, spans: Sequence[Span], undisturbed: Sequence[Raised] | None, *, in_time: bool = True,
    slack: int = 0,
) -> None:  # fmt: skip
    """Alarms by the script, and by an undisturbed run.

    Args:
        left: what the trial left.
        verdict: gets what is found.
        spans: while these lasted nobody could be told anything: they don't count as delay.
        undisturbed: the alarms that must be there by event time, and no others; None: the script's rules only.
        in_time: those of the script must be told in time.
        slack: ns of city time that a busy machine may take to tell one.
    """
    run, end = open_run(left.truth), left.end
    raised = [each for each in alarms_in(left.config, None) if not each.asset.startswith(STRANGER)]
    begin = int(run.story["origin"])
    told = [excused(alarm, spans, slack) for alarm in _within(raised, begin, end)]
    score, _ = score_alarms(run, told, until=end)
    late = score.wrong if in_time else []
    wrong = [f"{each.expected.expect} at {each.expected.at}: {_what(each.alarms)}" for each in late]
    verdict.alarms_right, verdict.alarms_wrong = (len(score.verdicts) - len(late)) if in_time else 0, len(late)
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
    verdict.wrong += [f"alarm: {sentence}" for sentence in wrong[:_NAMED]]
    if len(wrong) > _NAMED:
        verdict.wrong.append(f"and {len(wrong) - _NAMED} alarms more")


def _within(alarms: Iterable[Raised], begin: int, end: int) -> list[Raised]:
    """Those of the run: when it is over and the gateway goes on, whoever says nothing is silent."""
    return [alarm for alarm in alarms if begin <= alarm.at <= end]


def settled(alarms: Iterable[Raised], undisturbed: Sequence[Raised], end: int) -> set[tuple[object, ...]]:
    """What of `alarms` is the same however messages came.

    Left out is what was told as the recording ended, for all its windows close then and a live run's don't; and of
    silent devices when they fell silent, for that is judged by receipts.
    """
    sure = end - _CLOSING
    raised = {_key(alarm) for alarm in undisturbed if alarm.told > sure}
    cleared = {_key(alarm) for alarm in undisturbed if alarm.over is None or alarm.told_over > sure}
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


def excused(alarm: Raised, spans: Sequence[Span], slack: int = 0) -> Raised:
    """The alarm as if the spans and `slack` had taken no time: what could not be told in them came that much earlier.

    Never earlier than what it is about: `Raised.raised` and `cleared` see to that.
    """
    over = _overlap(alarm.over, alarm.told_over, spans) + slack if alarm.over is not None else 0
    return replace(
        alarm, told=alarm.told - _overlap(alarm.at, alarm.told, spans) - slack, told_over=alarm.told_over - over
    )


def _overlap(start: int, end: int, spans: Sequence[Span]) -> int:
    return sum(max(0, min(end, until) - max(start, since)) for since, until in spans)


def _what(alarms: Sequence[Raised]) -> str:
    return "never raised" if not alarms else f"late, again or not cleared: {list(alarms)}"
