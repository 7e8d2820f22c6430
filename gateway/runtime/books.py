"""Entries that make damaged books balance: what became of something isn't known any more, and the books say that."""

from collections import Counter

from gateway.engine.ledger import MESSAGE_TERMS, READING_TERMS
from gateway.engine.results import LedgerDelta, LedgerKey
from gateway.journal.inbox import Inbox
from gateway.journal.salvage.outbox_rebuild import OutboxPlan
from gateway.reasons import Lost

__all__ = ["entries_that_balance"]


def entries_that_balance(inbox: Inbox, plan: OutboxPlan, ledger: LedgerDelta) -> LedgerDelta:
    """What to add to the totals; nothing where they are whole.

    Messages whose account is gone are `lost (books)`. Of readings the sum is made up: they are `decoded` where more
    became of them than came, else `accepted` where that account is gone, else `invalid (books)`.
    """
    out: LedgerDelta = {}
    waiting = inbox.messages_between(plan.processed, inbox.end_offset)
    became: Counter[str] = Counter()
    for key, number in ledger.items():
        if key.book == "message" and key.term in MESSAGE_TERMS:
            became[key.source] += number
    off = sum(each.received - each.redelivered - each.shed for each in inbox.totals().values())
    off -= became.total() + waiting
    for source, totals in sorted(inbox.totals().items()):
        gap = min(totals.received - totals.redelivered - totals.shed - became[str(source)], off)
        if gap > 0:
            out[LedgerKey("message", "lost", Lost.BOOKS, str(source), "")] = gap
            off -= gap
    for profile in sorted({key.profile for key in ledger if key.book == "reading"}):
        terms: Counter[str] = Counter()
        for key, number in ledger.items():
            if key.book == "reading" and key.profile == profile:
                terms[key.term] += number
        gap = terms["decoded"] - sum(terms[term] for term in READING_TERMS)
        if gap < 0:
            out[LedgerKey("reading", "decoded", Lost.BOOKS, "", profile)] = -gap
        elif gap:
            term = "invalid" if terms["accepted"] else "accepted"
            out[LedgerKey("reading", term, Lost.BOOKS, "", profile)] = gap
    return out
