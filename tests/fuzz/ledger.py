"""Whether an engine's counts say what became of every message and reading that it was given."""

from collections.abc import Mapping

from gateway.engine.ledger import MESSAGE_TERMS, READING_TERMS
from gateway.engine.results import LedgerKey

__all__ = ["balances"]


def balances(counts: Mapping[LedgerKey, int], messages: int) -> None:
    """Raises AssertionError where the terms of one call don't add up."""
    totals: dict[tuple[str, str], int] = {}
    for key, amount in counts.items():
        # only what stands beside the books can be taken back: a missing number that came after all
        assert amount > 0 or key.book == "beside", f"{key} counts {amount}"
        totals[key.book, key.term] = totals.get((key.book, key.term), 0) + amount
    became = sum(totals.get(("message", term), 0) for term in MESSAGE_TERMS)
    assert became == messages, f"{messages} messages came, {became} became something: {totals}"
    decoded = totals.get(("reading", "decoded"), 0)
    found = sum(totals.get(("reading", term), 0) for term in READING_TERMS)
    assert decoded == found, f"{decoded} readings decoded, {found} accounted for: {totals}"
