"""Put the ledger together: each term from where it is counted, at one moment."""

from collections.abc import Iterable

from gateway.engine.ledger import Intake, Ledger, StoreTerms
from gateway.journal.inbox import Inbox
from gateway.journal.outbox import Outbox

__all__ = ["take_ledger"]


def take_ledger(inbox: Inbox, outbox: Outbox, stores: Iterable[str]) -> Ledger:
    """The books as they stand. The caller keeps both writers still (or nobody writes): see `Desk.ledger`."""
    intake = {
        str(source): Intake(total.received, total.redelivered, total.shed, total.lost_at_broker)
        for source, total in inbox.totals().items()
    }
    waiting = inbox.messages_between(outbox.processed_offset, inbox.end_offset)
    terms: dict[str, StoreTerms] = {}
    for name in stores:
        state = outbox.cursor(name)
        while state is not None:
            behind = outbox.readings_between(max(state.position, outbox.begin_position), outbox.last_position)
            # its writer goes on meanwhile: cursor and count must be of one moment
            again = outbox.cursor(name)
            if again == state:
                terms[name] = StoreTerms(state.stored, state.refused, state.dropped, behind)
                break
            state = again
    return Ledger(intake, waiting, outbox.ledger(), terms)
