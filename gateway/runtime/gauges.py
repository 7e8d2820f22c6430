"""The gauges of a running gateway, brought up to date when somebody looks and whenever the ledger is taken."""

from time import monotonic
from typing import TYPE_CHECKING

from gateway.engine.ledger import Ledger
from gateway.runtime.stores import RECORDS

if TYPE_CHECKING:
    from gateway.runtime.app import Gateway

__all__ = ["refresh"]


def refresh(gateway: "Gateway", ledger: Ledger | None) -> None:
    """Set every gauge; those of the ledger only where it was taken."""
    metrics, view, outbox, now = gateway.metrics, gateway.view, gateway.outbox, monotonic()
    metrics.messages_rate.set(view.messages.per_second(now))
    metrics.readings_rate.set(view.readings.per_second(now))
    metrics.intake_waiting.set(gateway.intake.waiting)
    metrics.inbox_bytes.set(gateway.inbox.bytes_used)
    metrics.engine_waiting.set(gateway.runner.behind)
    metrics.engine_busy.set(gateway.runner.busy_secs)
    metrics.outbox_bytes.set(outbox.bytes_used)
    left = gateway.office.hours_left()
    metrics.outbox_hours_left.set(float("inf") if left is None else left)
    for writer in gateway.writers:
        if writer.name != RECORDS:
            waiting = outbox.readings_between(max(writer.position, outbox.begin_position), outbox.last_position)
            metrics.store_waiting.labels(writer.name).set(waiting)
        metrics.store_up.labels(writer.name).set(writer.state == "writing")
    metrics.marks_waiting.set(outbox.mark_count)
    metrics.devices.set(len(gateway.engines.zone.registry))
    metrics.series.set(len(gateway.engines.zone.registry.series))
    metrics.source_connected.set(sum(source.flowing for source in gateway.sources))
    metrics.live.set(gateway.live)
    metrics.clock_speed.set(gateway.clock.speed)
    if ledger is None:
        return
    metrics.ledger_balanced.set(ledger.balanced)
    terms: dict[tuple[str, str, str], int] = {("message", "waiting", ""): ledger.waiting}
    for name in ("received", "redelivered", "shed"):
        terms["message", name, ""] = sum(getattr(intake, name) for intake in ledger.intake.values())
    for key, amount in ledger.engine.items():
        where = key.book, key.term, key.reason
        terms[where] = terms.get(where, 0) + amount
    stores = {
        (name, term): getattr(store, term)
        for name, store in ledger.stores.items()
        for term in ("stored", "refused", "dropped", "waiting")
    }
    metrics.ledger.set(terms, stores)
