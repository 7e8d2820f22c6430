"""Gauges and histograms of a running gateway for Prometheus. Whoever knows a figure sets it; counters are in events.py.

Labels are stores, ledger terms, reasons and files: closed lists, so that no device or topic can make them grow.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

__all__ = ["SECONDS", "Durations", "LedgerGauges", "Metrics"]

SECONDS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip
"""Bucket bounds of durations."""


class Durations(Collector):
    """A histogram that takes a duration many times at once: a commit makes thousands of messages durable together."""

    def __init__(self, name: str, summary: str, registry: CollectorRegistry, bounds: Sequence[float] = SECONDS) -> None:
        self._name = name
        self._summary = summary
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(self._bounds) + 1)
        self._sum = 0.0
        self._lock = threading.Lock()
        registry.register(self)

    def observe(self, secs: float, times: int = 1) -> None:
        """Count a duration `times` times. Thread-safe."""
        place = bisect_left(self._bounds, secs)
        with self._lock:
            self._counts[place] += times
            self._sum += secs * times

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """For the registry."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        buckets: list[tuple[str, float]] = []
        reached = 0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
            reached += count
            buckets.append((bound, float(reached)))
        yield HistogramMetricFamily(self._name, self._summary, buckets=buckets, sum_value=total)


class LedgerGauges(Collector):
    """The ledger's terms, summed over sources and profiles; replaced whole, so that an old term can't stay."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._terms: dict[tuple[str, str, str], int] = {}
        self._stores: dict[tuple[str, str], int] = {}
        registry.register(self)

    def set(self, terms: Mapping[tuple[str, str, str], int], stores: Mapping[tuple[str, str], int]) -> None:
        """Put in new figures: `terms` by (book, term, reason), `stores` by (store, term)."""
        self._terms, self._stores = dict(terms), dict(stores)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """For the registry."""
        terms = GaugeMetricFamily(
            "cityloom_ledger", "Messages and readings by ledger term.", labels=("book", "term", "reason")
        )
        for labels, amount in sorted(self._terms.items()):
            terms.add_metric(labels, amount)
        stores = GaugeMetricFamily(
            "cityloom_ledger_store_readings", "Readings by store and ledger term.", labels=("store", "term")
        )
        for pair, amount in sorted(self._stores.items()):
            stores.add_metric(pair, amount)
        return (terms, stores)


class Metrics:
    """Every gauge and histogram there is, on the given registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, summary: str, labels: Sequence[str] = ()) -> Gauge:
            return Gauge(f"cityloom_{name}", summary, labels, registry=registry)

        self.messages_rate = gauge("messages_per_second", "Messages taken in, over the last seconds.")
        self.readings_rate = gauge("readings_per_second", "Readings accepted, over the last seconds.")
        self.intake_waiting = gauge("intake_waiting_messages", "Messages handed over and not yet durable.")
        self.inbox_bytes = gauge("inbox_bytes", "Bytes of the inbox on disk.")
        self.engine_waiting = gauge("engine_waiting_rows", "Durable rows that the engine has not yet worked on.")
        self.engine_busy = gauge("engine_busy_seconds", "Seconds the engine has worked since the start.")
        self.outbox_bytes = gauge("outbox_bytes", "Bytes of blocks that wait for stores.")
        self.outbox_hours_left = gauge("outbox_hours_left", "Hours until the outbox is full at the current rate.")
        self.store_waiting = gauge("store_waiting_readings", "Readings behind a store's cursor.", ("store",))
        self.store_up = gauge("store_up", "1 while a store takes blocks.", ("store",))
        self.marks_waiting = gauge("revision_marks_waiting", "Late ranges that wait to be computed again.")
        self.devices = gauge("devices", "Devices in the registry.")
        self.series = gauge("series", "Series known.")
        self.source_connected = gauge("sources_connected", "Broker connections that are up.")
        self.live = gauge("live", "1 while results are of now, 0 while catching up.")
        self.clock_speed = gauge("clock_speed", "City seconds a real second.")
        self.ledger_balanced = gauge("ledger_balanced", "1 while every message and reading is accounted for.")
        self.ledger = LedgerGauges(registry)
        self.ack = Durations("cityloom_ack_seconds", "From receipt of a message to its acknowledgement.", registry)
        self.stored = Durations("cityloom_stored_seconds", "From receipt of a message to its store.", registry)
        self.inbox_fsync = Durations("cityloom_inbox_commit_seconds", "Durable commits of the inbox.", registry)
        self.outbox_fsync = Durations("cityloom_outbox_commit_seconds", "Durable commits of the outbox.", registry)
