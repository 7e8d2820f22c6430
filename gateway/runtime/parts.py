"""The journal's three parts as they are handed around."""

from typing import NamedTuple

from gateway.journal.inbox import Inbox
from gateway.journal.outbox import Outbox
from gateway.journal.snapshots import Snapshots

__all__ = ["Journal"]


class Journal(NamedTuple):
    """Opened together, of one journal_id."""

    inbox: Inbox
    outbox: Outbox
    snapshots: Snapshots
