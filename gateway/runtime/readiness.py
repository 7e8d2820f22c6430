"""Whether a gateway is ready: does data flow, and can it be kept safely?"""

from typing import TYPE_CHECKING

from gateway.runtime.stores import RECORDS

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["reasons_not_ready"]


def reasons_not_ready(gateway: "Gateway") -> list[str]:
    """Why data does not flow, or can't be kept safely; empty: ready."""
    reasons = [
        f"source {source.name} is {source.state}" + (f": {source.problem}" if source.problem else "")
        for source in gateway.sources if not source.flowing
    ]  # fmt: skip
    reasons += [f"filter {f} was refused" for filters in gateway.reports.refused.values() for f in sorted(filters)]
    if gateway.intake.full:
        reasons.append("the inbox is full")
    reasons += [f"the outbox is full: readings of {name} are dropped" for name in gateway.room.losing]
    if gateway.runner.stalled:
        reasons.append("the outbox is full: the engine waits")
    # nothing is trimmed that the records lack
    reasons += [f"records.db is {w.state}" for w in gateway.writers if w.name == RECORDS and w.state != "writing"]
    if all(writer.state != "writing" for writer in gateway.writers if writer.name != RECORDS):
        reasons.append("no store takes data")
    reasons += filter(None, [gateway.clock_watch.reason()])
    if not gateway.balanced:
        reasons.append("the ledger does not balance")
    return reasons
