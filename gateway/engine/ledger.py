"""The ledger: every message and every reading is in exactly one term, and the sums say so.

    messages:            received = redelivered + decoded + ignored + rejected + lost + shed + waiting
    readings, engine:    decoded  = accepted + duplicate + conflict + quarantined + expired + invalid
    readings, per store: accepted = stored + refused + dropped + waiting

`lost` is what damage to the files took, entered by `cityloom journal salvage`.
Beside them, in no sum: `late`, `missing` (gaps in devices' numbers) and `lost_at_broker` (drops that a broker admits).

Each term is counted where it happens, `shed` by intake and engine apart; `waiting` is counted from what lies in a
queue, never by subtraction, so a row lost between two hand-overs shows as an imbalance.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from gateway.engine.results import LedgerDelta, LedgerKey
from gateway.reasons import Shed

__all__ = ["MESSAGE_TERMS", "READING_TERMS", "Balance", "Intake", "Ledger", "StoreTerms", "add"]

MESSAGE_TERMS = ("decoded", "ignored", "rejected", "shed", "lost")
"""The engine's terms of the book `message`."""
READING_TERMS = ("accepted", "duplicate", "conflict", "quarantined", "expired", "invalid")
"""What `decoded` of the book `reading` is the sum of."""
_BOOK = ("received", "redelivered", *MESSAGE_TERMS, "waiting")


class Intake(msgspec.Struct, frozen=True):
    """One source's messages as counted before the engine."""

    received: int
    redelivered: int
    shed: int
    lost_at_broker: int = 0
    """Beside: what the broker says that it dropped, of any of its clients, while it was watched."""


class StoreTerms(msgspec.Struct, frozen=True):
    """One store's readings."""

    stored: int
    refused: int
    dropped: int
    waiting: int
    """Readings in blocks past the cursor."""


class Balance(msgspec.Struct, frozen=True):
    """One equation: what came in, what it became, and the difference."""

    name: str
    came: int
    accounted: int

    @property
    def off(self) -> int:
        """0 where it balances; positive: lost; negative: counted twice."""
        return self.came - self.accounted


class Ledger(msgspec.Struct, frozen=True):
    """All books at one moment."""

    intake: dict[str, Intake]
    waiting: int
    """Messages in the inbox past the processed offset, of all sources."""
    engine: LedgerDelta
    stores: dict[str, StoreTerms]

    def total(self, book: str, term: str, **where: str) -> int:
        """Sum of a term of the engine's books; `where` narrows by reason, source or profile."""
        return sum(
            amount
            for key, amount in self.engine.items()
            if key.book == book and key.term == term and all(getattr(key, name) == what for name, what in where.items())
        )

    def balances(self) -> list[Balance]:
        """Every equation."""
        received = sum(intake.received for intake in self.intake.values())
        before = sum(intake.redelivered + intake.shed for intake in self.intake.values())
        engine = sum(self.total("message", term) for term in MESSAGE_TERMS)
        out = [Balance("messages", received, before + engine + self.waiting)]
        if not self.waiting:
            for source, intake in sorted(self.intake.items()):
                became = sum(self.total("message", term, source=source) for term in MESSAGE_TERMS)
                accounted = intake.redelivered + intake.shed + became
                out.append(Balance(f"messages of source {source}", intake.received, accounted))
        profiles = sorted({key.profile for key in self.engine if key.book == "reading"})
        for profile in profiles:
            came = self.total("reading", "decoded", profile=profile)
            became = sum(self.total("reading", term, profile=profile) for term in READING_TERMS)
            out.append(Balance(f"readings of profile {profile}", came, became))
        accepted = self.total("reading", "accepted")
        for name, store in sorted(self.stores.items()):
            accounted = store.stored + store.refused + store.dropped + store.waiting
            out.append(Balance(f"readings of store {name}", accepted, accounted))
        return out

    @property
    def balanced(self) -> bool:
        """Whether every equation holds."""
        return all(balance.off == 0 for balance in self.balances())

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and the control door: terms in the order of their sums, reasons below their term."""
        messages: Counter[str] = Counter(waiting=self.waiting, received=0, redelivered=0, shed=0)
        for intake in self.intake.values():
            messages.update(received=intake.received, redelivered=intake.redelivered, shed=intake.shed)
        shed = messages["shed"]
        readings: Counter[str] = Counter()
        reasons: dict[str, Counter[str]] = {"message.shed": Counter({Shed.INBOX_FULL: shed})} if shed else {}
        beside = Counter(lost_at_broker=sum(intake.lost_at_broker for intake in self.intake.values()))
        for key, amount in self.engine.items():
            if key.term not in (*MESSAGE_TERMS, *READING_TERMS):
                beside[key.term] += amount
                continue
            (messages if key.book == "message" else readings)[key.term] += amount
            if key.reason:
                reasons.setdefault(f"{key.book}.{key.term}", Counter())[key.reason] += amount
        return {
            "balanced": self.balanced,
            "messages": {term: messages[term] for term in _BOOK},
            "readings": {term: readings[term] for term in ("decoded", *READING_TERMS)},
            "reasons": {name: dict(sorted(counts.items())) for name, counts in sorted(reasons.items())},
            "beside": dict(sorted(beside.items())),
            "stores": {name: msgspec.to_builtins(store) for name, store in sorted(self.stores.items())},
            "off": {balance.name: balance.off for balance in self.balances() if balance.off},
        }


def add(totals: LedgerDelta, delta: Mapping[LedgerKey, int]) -> None:
    """Bring `totals` up by `delta`."""
    for key, amount in delta.items():
        totals[key] = totals.get(key, 0) + amount
