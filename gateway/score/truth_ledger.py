"""The gateway's books against those that the simulators expect: each figure within [least, most], or named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.score.truth_book import Gate

__all__ = ["Figure", "score_ledger"]


_SESSIONS = {"messages missing by their numbers": "missing", "births asked of edge nodes": "rebirths_asked"}
"""What is expected of edge nodes: name -> term beside the ledger."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the ledger."""

    name: str
    least: int
    most: int
    found: int

    @property
    def right(self) -> bool:
        """Within its bounds."""
        return self.least <= self.found <= self.most


def score_ledger(expected: Mapping[str, Any], ledger: Mapping[str, Any], gate: Gate, store: str = "") -> list[Figure]:
    """Compare.

    Args:
        expected: what expected.json says.
        ledger: what `cityloom ledger --json` says.
        gate: the gateway's own; where it differs from what was expected with, what hangs on it is left out.
        store: what others refused or dropped is left out; "": no store's is.
    """
    messages, readings = ledger["messages"], ledger["readings"]
    want_messages, want = expected["messages"], expected["readings"]
    reasons = ledger["reasons"].get("message.rejected", {})
    # what the gateway tells edge nodes to do comes back to it, with whatever else is said of them
    own = ledger["beside"].get("rebirths_asked", 0) if "sessions" in expected else 0
    out = [
        Figure("messages received once", *_span(want_messages["received"], own),
               messages["received"] - messages["redelivered"]),
        Figure("messages decoded", *_span(want_messages["decoded"]), messages["decoded"]),
        *_ignored(want_messages, messages, own),
        Figure("messages waiting", 0, 0, messages["waiting"]),
        Figure("messages shed", 0, 0, messages["shed"]),
    ]  # fmt: skip
    told: set[str] = set()
    for group in want_messages["rejected"]:
        found = sum(reasons.get(reason, 0) for reason in group["reasons"])
        told.update(group["reasons"])
        out.append(Figure(f"messages rejected: {_either(group['reasons'], reasons)}", *_span(group["count"]), found))
    others = {reason: count for reason, count in reasons.items() if reason not in told}
    # what went astray may be rejected, for one reason or another
    spare = int(want_messages["unsure"])
    for reason, count in others.items():
        out.append(Figure(f"messages rejected: {reason}", 0, spare, count))
    out.append(Figure("readings invalid", *_span(want["invalid"]), readings["invalid"]))
    rules = expected["rules"]
    if gate == Gate(round(rules["max_ahead_secs"] * 1e9), round(rules["late_horizon_secs"] * 1e9)):
        once, again = want["stored_once"], want["repeated"]
        settled = readings["accepted"] + readings["duplicate"] + readings["conflict"]
        out += [
            Figure("readings refused by the clock gate", *_span(want["quarantined"]), readings["quarantined"]),
            Figure("readings beyond the late horizon", *_span(want["late_beyond"]), readings["expired"]),
            Figure("readings stored or repeated", once[0] + again[0], once[1] + again[1], settled),
            # a repetition whose window has closed counts as accepted and late
            Figure("readings accepted", once[0], once[1] + again[1], readings["accepted"]),
        ]
    for name, terms in ledger["stores"].items():
        if store in ("", name):
            unstored = ("refused", "dropped", "waiting")
            out += [Figure(f"readings {term} by {name}", 0, 0, terms[term]) for term in unstored]
    for name, term in _SESSIONS.items():
        if term in expected.get("sessions", {}):
            out.append(Figure(name, *_span(expected["sessions"][term]), ledger["beside"].get(term, 0)))
    off = sum(1 for _ in ledger["off"])
    out.append(Figure("equations of the ledger that do not balance", 0, 0, off))
    return out


def _ignored(want: Mapping[str, Any], found: Mapping[str, Any], own: int) -> list[Figure]:
    """Births, deaths and commands of edge nodes; a city of other devices sends nothing without a reading."""
    least, most = _span(want.get("ignored", (0, 0)), own)
    return [Figure("messages ignored", least, most, found["ignored"])] if most else []


def _span(pair: Sequence[int], spare: int = 0) -> tuple[int, int]:
    least, most = pair
    return int(least), int(most) + spare


def _either(reasons: Sequence[str], found: Mapping[str, int]) -> str:
    """Those that happened, or what would have been right."""
    happened = [reason for reason in reasons if found.get(reason)]
    return " or ".join(happened or reasons)
